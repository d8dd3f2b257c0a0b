using Grpc.Core;
using Realign.Core.Errors;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Gateway.Rewards;

/// <summary>Checks what concerns the whole request; a pair that is not usable gets an error of its own instead.</summary>
internal sealed class RewardGrpcService(RewardScoring scoring, RewardMetrics metrics) : RewardService.RewardServiceBase
{
    public override async Task<ScoreResponse> Score(ScoreRequest request, ServerCallContext context)
    {
        Require.Count("items", request.Items.Count, 1, 256);
        Require.Count("rewards", request.Rewards.Count, 1, 8);
        for (var i = 0; i < request.Rewards.Count; i++)
        {
            var reward = request.Rewards[i];
            if (Require.Known($"rewards[{i}].kind", reward.Kind) == RewardKind.Unspecified)
            {
                throw new InvalidInputException($"rewards[{i}].kind", "UNSPECIFIED", "it says nothing",
                    $"use one of {string.Join(", ", Enum.GetValues<RewardKind>().Skip(1).Select(ProtoNames.Short))}");
            }

            _ = Require.Known($"rewards[{i}].text_encoder", reward.TextEncoder);
            if (reward.HasWeight)
                _ = Require.Range($"rewards[{i}].weight", reward.Weight, -1000, 1000);
        }

        if (request.Gradient is { } gradient)
        {
            if (gradient.DataType is not (DataType.Unspecified or DataType.Float32 or DataType.Float16))
                throw new InvalidInputException("gradient.data_type", gradient.DataType.ToString(), "gradients are FLOAT32 or FLOAT16", "use one of the two");
            if (request.Rewards.All(reward => reward.Kind == RewardKind.Caption))
            {
                throw new InvalidInputException("gradient", "set", "the caption reward has none: decoding a caption is not differentiable",
                    "leave it out, or add another reward: all others have one");
            }
        }

        var response = await scoring.ScoreAsync(request, context.Deadline, context.CancellationToken);
        foreach (var value in response.Items.SelectMany(item => item.Values))
            metrics.Scored(value.Kind, value.Value);
        return response;
    }
}
