using Realign.Gateway.Backends;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Reads an image as far as something is undecided: first the places of what is demanded, then, side by side, the readers that can still decide
/// (<see cref="OpenQuestions"/>). A reader that is away, late, or answers what no such service answers is named in the reading, and costs
/// nobody else anything.
/// </summary>
internal sealed class PictureReader(BackendSet backends, BackendCaller caller, TimeProvider time)
{
    /// <summary>Asks the readers. Where nothing is demanded, only the likelihood is read.</summary>
    /// <param name="image">The image.</param>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="demand">What the prompt demands.</param>
    /// <param name="known">Answers that are there already; null = none.</param>
    /// <param name="deadline">When the readers must be done, UTC.</param>
    /// <param name="cancellationToken">Fires when the caller left or another attempt was accepted.</param>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public async Task<PictureReading> ReadAsync(
        Image image, string prompt, DemandedObjects demand, KnownAnswers? known, DateTime deadline, CancellationToken cancellationToken)
    {
        var unread = new List<string>();
        // the readers that come after the segmenter have half of the time, whatever becomes of it
        var half = time.GetUtcNow().UtcDateTime is var now && now < deadline ? now + ((deadline - now) / 2) : deadline;
        var places = demand.Phrases.Count == 0 ? null
            : Note("segmenter", await LocateAsync(Scope(backends.Segmenter, half), image, demand.Phrases, known));
        var reading = new PictureReading(
            known is null ? null : Names(known.Tags), demand.Phrases, places?.Phrases, places?.ColorNames ?? [], null, null, unread);

        var open = OpenQuestions.Of(demand, reading);
        var tags = open.Tags ? ReadAsync(Scope(backends.Tagger, deadline), scope => TagAsync(scope, image)) : NotAsked<TagResponse>();
        var caption = !open.Caption ? NotAsked<CaptionResponse>()
            : known is null ? ReadAsync(Scope(backends.Captioner, deadline), scope => CaptionAsync(scope, image))
            : WaitAsync(known.Caption);
        var likelihood = open.Likelihood ? ReadAsync(Scope(backends.Captioner, deadline), scope => LikelihoodAsync(scope, image, prompt)) : NotAsked<float?>();
        await Task.WhenAll(tags, caption, likelihood);
        return reading with
        {
            Tags = Note("tagger", await tags) is { } named ? Names(named) : reading.Tags,
            Caption = Note("caption", await caption)?.Caption,
            LogLikelihood = Note("likelihood", await likelihood),
        };

        CallScope Scope(Backend backend, DateTime until) => new(backend, "stage", "VERIFY", until, cancellationToken);

        T? Note<T>(string reader, (T? Answer, string? Problem) read)
        {
            if (read.Problem is not null)
                unread.Add($"{reader}: {read.Problem}");
            return read.Answer;
        }

        async Task<(CaptionResponse? Answer, string? Problem)> WaitAsync(Task<CaptionResponse?> running)
        {
            var left = deadline - time.GetUtcNow().UtcDateTime;
            try
            {
                var answer = await running.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
                return (answer, answer is null ? "CAPTION failed" : null);
            }
            catch (TimeoutException)
            {
                return (null, "CAPTION was not done in the time left for VERIFY");
            }
        }
    }

    private static List<string> Names(TagResponse tags) => [.. tags.Tags.Select(tag => tag.Name)];

    private static Task<(T? Answer, string? Problem)> NotAsked<T>() => Task.FromResult<(T?, string?)>((default, null));

    private static async Task<(T? Answer, string? Problem)> ReadAsync<T>(CallScope scope, Func<CallScope, Task<T>> ask)
    {
        try
        {
            return (await ask(scope), null);
        }
        catch (BackendException failure)
        {
            return (default, failure.Status.Detail);
        }
    }

    private async Task<TagResponse> TagAsync(CallScope scope, Image image)
    {
        var answer = await caller.UnaryAsync(scope, backends.TaggerClient.TagAsync, new TagRequest { Image = image });
        return answer.Tags.All(tag => tag.Name.Length > 0) ? answer : throw BackendFailure.Broken("answered a tag without a name", scope);
    }

    private Task<CaptionResponse> CaptionAsync(CallScope scope, Image image) =>
        caller.UnaryAsync(scope, backends.CaptionerClient.CaptionAsync, new CaptionRequest { Image = image });

    /// <summary>The places of every phrase, in order: those that SEGMENT looked for are known, the others are looked for.</summary>
    private async Task<(SegmentResponse? Answer, string? Problem)> LocateAsync(
        CallScope scope, Image image, IReadOnlyList<string> phrases, KnownAnswers? known)
    {
        var places = (known?.Places ?? new Dictionary<string, GroundedPhrase>()).Where(place => IsUsable(place.Value)).ToDictionary();
        var missing = phrases.Where(phrase => !places.ContainsKey(phrase)).ToList();
        var colors = known?.ColorNames ?? [];
        if (missing.Count > 0)
        {
            var read = await ReadAsync(scope, asked => GroundAsync(asked, image, missing));
            if (read.Answer is not { } found)
                return read;
            foreach (var (phrase, place) in missing.Zip(found.Phrases))
                places[phrase] = place;
            colors = found.ColorNames;
        }

        return (new SegmentResponse { Phrases = { phrases.Select(phrase => places[phrase]) }, ColorNames = { colors } }, null);
    }

    private async Task<SegmentResponse> GroundAsync(CallScope scope, Image image, List<string> phrases)
    {
        var request = new SegmentRequest { Image = image, NameColors = true };
        request.Phrases.AddRange(phrases);
        var answer = await caller.UnaryAsync(scope, backends.SegmenterClient.SegmentAsync, request);
        if (answer.Phrases.Count != phrases.Count)
            throw BackendFailure.Broken($"answered {answer.Phrases.Count} of {phrases.Count} phrases", scope);
        return answer.Phrases.All(IsUsable) ? answer : throw BackendFailure.Broken("answered a box, mask, score or color share that is none", scope);
    }

    private async Task<float?> LikelihoodAsync(CallScope scope, Image image, string prompt)
    {
        var request = new ScorePromptRequest { Items = { new ScoreItem { Image = image, Prompt = prompt } }, Method = ScoreMethod.Likelihood };
        var answer = await caller.UnaryAsync(scope, backends.CaptionerClient.ScorePromptAsync, request);
        return answer.Scores is [{ Score: <= 0 and > float.NegativeInfinity } score]
            ? score.Score
            : throw BackendFailure.Broken("answered a log-likelihood that is none", scope);
    }

    private static bool IsUsable(GroundedPhrase phrase) => phrase.Detections.All(IsUsable);

    private static bool IsUsable(Detection detection) =>
        detection.Score is >= 0 and <= 1 && detection.Box is { } box
        && box.X0 <= box.X1 && box.Y0 <= box.Y1 && float.IsFinite(box.X0) && float.IsFinite(box.Y0) && float.IsFinite(box.X1) && float.IsFinite(box.Y1)
        && (detection.Mask is null || MaskMessages.ReadOrNull(detection.Mask) is not null)
        && detection.Colors.All(color => color.Share is >= 0 and <= 1);
}
