using Realign.Core.Errors;
using Realign.Gateway.Backends;
using Realign.V1;
using Realign.Wire.Requests;
using Realign.Wire.Tensors;

namespace Realign.Gateway.Rewards;

/// <summary>The rewards that the Captioner scores itself, with gradients.</summary>
internal sealed class PromptScoring(BackendCaller caller, CaptionerService.CaptionerServiceClient client)
{
    public Task<Outcome<ScoredPair>[]> ScoreAsync(
        RewardCall call, RewardKind kind, IReadOnlyList<ScoreItem> pairs, DataType? gradient, CancellationToken cancellationToken) =>
        call.SendAsync<ScoreItem, ScoredPair>(ProtoNames.Short(kind), pairs, pair => SizeOf(pair, gradient is not null), async (scope, batch) =>
        {
            var request = new ScorePromptRequest
            {
                Method = MethodOf(kind),
                Gradient = gradient is { } dataType ? new GradientOptions { DataType = dataType } : null,
            };
            request.Items.AddRange(batch);
            var answer = await caller.UnaryAsync(scope, client.ScorePromptAsync, request);
            return [.. answer.Scores.Select(score => Read(kind, score, gradient is not null, scope))];
        }, cancellationToken);

    private static ScoredPair Read(RewardKind kind, PromptScore score, bool gradient, CallScope scope)
    {
        var value = new RewardValue { Kind = kind, Value = score.Score, TruncatedPrompt = score.TruncatedPrompt };
        if (!gradient)
            return new ScoredPair(value, null);
        try
        {
            if (score.Gradient?.Shape is [3, _, _])
                return new ScoredPair(value, new PixelGradient(score.Gradient, TensorReader.Singles("gradient", score.Gradient)));
        }
        catch (InvalidInputException)
        {
            // said below
        }

        throw BackendFailure.Broken("left a gradient out, or returned one that is not [3, height, width]", scope);
    }

    private static ScoreMethod MethodOf(RewardKind kind) => kind switch
    {
        RewardKind.Likelihood => ScoreMethod.Likelihood,
        RewardKind.Itc => ScoreMethod.Itc,
        RewardKind.Itm => ScoreMethod.Itm,
        RewardKind.Hps => ScoreMethod.Hps,
        RewardKind.PickScore => ScoreMethod.PickScore,
        RewardKind.ImageReward => ScoreMethod.ImageReward,
        RewardKind.Aesthetic => ScoreMethod.Aesthetic,
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
