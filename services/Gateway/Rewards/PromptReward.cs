using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>The rewards that the Captioner scores itself, with gradients.</summary>
internal sealed class PromptReward(BackendCaller caller, CaptionerService.CaptionerServiceClient client)
{
    public Task<Outcome<PromptScore>[]> ScoreAsync(
        RewardCall call, RewardKind kind, IReadOnlyList<ScoreItem> pairs, DataType? gradient, CancellationToken cancellationToken) =>
        call.SendAsync<ScoreItem, PromptScore>(kind.ToString().ToUpperInvariant(), pairs, pair => SizeOf(pair, gradient is not null), async (scope, batch) =>
        {
            var request = new ScorePromptRequest
            {
                Method = MethodOf(kind),
                Gradient = gradient is { } dataType ? new GradientOptions { DataType = dataType } : null,
            };
            request.Items.AddRange(batch);
            var answer = await caller.UnaryAsync(scope, client.ScorePromptAsync, request);
            if (gradient is not null && answer.Scores.Any(score => score.Gradient is null))
                throw BackendFailure.Broken("left a gradient out", scope);
            return answer.Scores;
        }, cancellationToken);

    private static ScoreMethod MethodOf(RewardKind kind) => kind switch
    {
        RewardKind.Likelihood => ScoreMethod.Likelihood,
        RewardKind.Itc => ScoreMethod.Itc,
        RewardKind.Itm => ScoreMethod.Itm,
        _ => ScoreMethod.Clip,
    };

    /// <summary>The size of an encoded image's gradient is not known here; where it is too large the batch is split.</summary>
    private static long SizeOf(ScoreItem pair, bool gradient)
    {
        long there = pair.CalculateSize();
        if (!gradient || pair.Image.Pixels is not { } pixels)
            return there;
        long back = sizeof(float);
        foreach (var dimension in pixels.Shape)
            back *= Math.Clamp(dimension, 1, 1 << 16);
        return Math.Max(there, back);
    }
}
