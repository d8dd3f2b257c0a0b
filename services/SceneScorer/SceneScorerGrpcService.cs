using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.Wire.Requests;
using Realign.Wire.Timings;

namespace Realign.SceneScorer;

/// <summary>gRPC face of the scene scorer: checks, maps, calls.</summary>
internal sealed class SceneScorerGrpcService(
    ModelHost<Realign.SceneScoring.SceneScorer> host, IOptions<SceneScorerOptions> settings, TimeProvider time)
    : SceneScorerService.SceneScorerServiceBase
{
    public override async Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context)
    {
        var prompt = Require.Text("prompt", request.Prompt);
        Require.Count("tags", request.Tags.Count, 0, Limits.Tags);
        for (var i = 0; i < request.Tags.Count; i++)
            CheckTag($"tags[{i}]", request.Tags[i]);
        var tags = request.Tags.ToList();

        var start = time.GetTimestamp();
        var (scores, milliseconds, description) = await host.RunAsync(
            (scorer, token) => Timed(scorer, () => scorer.Score(prompt, tags, token)), CallTerms.Of(context, 1 + tags.Count));

        var response = new ScoreSceneResponse
        {
            Origin = scores.IsFromModel ? AnswerOrigin.Model : AnswerOrigin.Rule,
            Attempts = scores.Attempts,
            Model = Model(description),
        };
        response.Entries.AddRange(scores.Entries.Select(ToMessage));
        response.Timings.AddRange(Timings(start, milliseconds));
        return response;
    }

    public override async Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context)
    {
        var prompt = Require.Text("prompt", request.Prompt);

        var start = time.GetTimestamp();
        var (found, milliseconds, description) = await host.RunAsync(
            (scorer, token) => Timed(scorer, () => scorer.Extract(prompt, token)), CallTerms.Of(context));

        var response = new ExtractEntitiesResponse
        {
            Origin = found.IsFromModel ? AnswerOrigin.Model : AnswerOrigin.Rule,
            Model = Model(description),
        };
        response.Entities.AddRange(found.Entities.Select(ToMessage));
        response.Relations.AddRange(found.Relations.Select(ToMessage));
        response.Timings.AddRange(Timings(start, milliseconds));
        return response;
    }

    private static SceneEntry ToMessage(SceneScoring.SceneEntry entry) => new()
    {
        Tag = entry.Tag,
        Score = entry.Score,
        Phrase = entry.Phrase,
        Source = entry.Source == SceneScoring.EntrySource.Tag ? EntrySource.Tag : EntrySource.Missing,
        Repair = entry.Repair,
        Noun = entry.Object.Noun,
        Attributes = { entry.Object.Attributes },
        Count = entry.Object.Count,
        Instance = entry.Object.Instance,
        Plural = entry.Object.IsPlural,
        Origin = ToMessage(entry.Origin),
    };

    private static Entity ToMessage(SceneScoring.FoundEntity found) => new()
    {
        Noun = found.Entity.Noun,
        Attributes = { found.Entity.Attributes },
        Count = found.Entity.Count,
        Instance = found.Entity.Instance,
        Plural = found.Entity.IsPlural,
        Origin = ToMessage(found.Origin),
        Phrase = found.Phrase,
    };

    private static SceneRelation ToMessage(SceneScoring.SceneRelation relation) => new()
    {
        Subject = relation.Subject,
        Kind = relation.Kind switch
        {
            SceneScoring.RelationKind.LeftOf => RelationKind.LeftOf,
            SceneScoring.RelationKind.RightOf => RelationKind.RightOf,
            SceneScoring.RelationKind.Above => RelationKind.Above,
            SceneScoring.RelationKind.Below => RelationKind.Below,
            _ => RelationKind.NextTo,
        },
        Object = relation.Object,
        Words = relation.Words,
    };

    private static AnswerOrigin ToMessage(SceneScoring.Origin origin) =>
        origin == SceneScoring.Origin.Model ? AnswerOrigin.Model : AnswerOrigin.Rule;

    private (T Result, double Milliseconds, string Description) Timed<T>(Realign.SceneScoring.SceneScorer scorer, Func<T> work)
    {
        var start = time.GetTimestamp();
        var result = work();
        return (result, time.GetElapsedTime(start).TotalMilliseconds, scorer.Description);
    }

    private IEnumerable<Timing> Timings(long start, double working)
    {
        var timings = new CallTimings(time);
        timings.Add("queue", TimeSpan.FromMilliseconds(Math.Max(0, time.GetElapsedTime(start).TotalMilliseconds - working)));
        timings.Add("generate", TimeSpan.FromMilliseconds(working));
        return timings.ToMessages();
    }

    private ModelInfo Model(string description) => new() { Family = description.Split(' ')[0], Name = settings.Value.Name };

    private static void CheckTag(string field, string tag)
    {
        _ = Require.Text(field, tag, Limits.TagLength);
        if (tag.Any(char.IsControl))
            throw new InvalidInputException(field, "a control character", "a tag is one line of text", "remove it");
    }
}
