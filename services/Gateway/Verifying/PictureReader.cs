using Realign.Gateway.Backends;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Gateway.Verifying;

/// <summary>
/// Reads an image with everything that can read: tagger, segmenter, caption and likelihood of the prompt, side by side. A reader that is
/// away, late, or answers what no such service answers is named in the reading, and costs nobody else anything.
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
        var likelihood = ReadAsync(Scope(backends.Captioner), scope => LikelihoodAsync(scope, image, prompt));
        if (demand.Objects.Count == 0)
        {
            var (score, scoreProblem) = await likelihood;
            return new PictureReading(null, [], null, [], null, score, scoreProblem is null ? [] : [$"likelihood: {scoreProblem}"]);
        }

        var tags = known is null ? ReadAsync(Scope(backends.Tagger), scope => TagAsync(scope, image)) : Known<TagResponse>(known.Tags);
        var grounded = ReadAsync(Scope(backends.Segmenter), scope => GroundAsync(scope, image, demand.Phrases));
        var caption = known is null ? ReadAsync(Scope(backends.Captioner), scope => CaptionAsync(scope, image)) : WaitAsync(known.Caption);
        await Task.WhenAll(likelihood, tags, grounded, caption);
        var names = Note("tagger", await tags)?.Tags.Select(tag => tag.Name).ToList();
        var places = Note("segmenter", await grounded);
        return new PictureReading(
            names, demand.Phrases, places?.Phrases, places?.ColorNames ?? [], Note("caption", await caption)?.Caption,
            Note("likelihood", await likelihood), unread);

        CallScope Scope(Backend backend) => new(backend, "stage", "VERIFY", deadline, cancellationToken);

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

    private static Task<(T? Answer, string? Problem)> Known<T>(T answer) => Task.FromResult<(T?, string?)>((answer, null));

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

    private async Task<SegmentResponse> GroundAsync(CallScope scope, Image image, IReadOnlyList<string> phrases)
    {
        var request = new SegmentRequest { Image = image, NameColors = true };
        request.Phrases.AddRange(phrases);
        var answer = await caller.UnaryAsync(scope, backends.SegmenterClient.SegmentAsync, request);
        if (answer.Phrases.Count != phrases.Count)
            throw BackendFailure.Broken($"answered {answer.Phrases.Count} of {phrases.Count} phrases", scope);
        return answer.Phrases.SelectMany(phrase => phrase.Detections).All(IsUsable)
            ? answer
            : throw BackendFailure.Broken("answered a box, mask, score or color share that is none", scope);
    }

    private async Task<float?> LikelihoodAsync(CallScope scope, Image image, string prompt)
    {
        var request = new ScorePromptRequest { Items = { new ScoreItem { Image = image, Prompt = prompt } }, Method = ScoreMethod.Likelihood };
        var answer = await caller.UnaryAsync(scope, backends.CaptionerClient.ScorePromptAsync, request);
        return answer.Scores is [{ Score: <= 0 and > float.NegativeInfinity } score]
            ? score.Score
            : throw BackendFailure.Broken("answered a log-likelihood that is none", scope);
    }

    private static bool IsUsable(Detection detection) =>
        detection.Score is >= 0 and <= 1 && detection.Box is { } box
        && box.X0 <= box.X1 && box.Y0 <= box.Y1 && float.IsFinite(box.X0) && float.IsFinite(box.Y0) && float.IsFinite(box.X1) && float.IsFinite(box.Y1)
        && (detection.Mask is null || MaskMessages.ReadOrNull(detection.Mask) is not null)
        && detection.Colors.All(color => color.Share is >= 0 and <= 1);
}
