using Google.Rpc;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Gateway.Backends;
using Realign.Hosting;
using Realign.Hosting.Errors;
using Realign.V1;
using Realign.Wire.Requests;
using Realign.Wire.Timings;

namespace Realign.Gateway.Rewards;

/// <summary>Scores pairs with any set of rewards. Equal pairs, images and texts of a request are sent once.</summary>
internal sealed class RewardScoring(
    BackendSet backends, BackendCaller caller, IOptions<GatewayOptions> options, IOptions<HostingOptions> hosting, TimeProvider time)
{
    private readonly CaptionReward _caption = new(caller, backends.CaptionerClient);
    private readonly PromptReward _prompt = new(caller, backends.CaptionerClient);

    /// <summary>Scores a checked request.</summary>
    /// <exception cref="BackendException">The Captioner failed as a whole.</exception>
    public async Task<ScoreResponse> ScoreAsync(ScoreRequest request, DateTime callerDeadline, CancellationToken cancellationToken)
    {
        var deadline = callerDeadline == DateTime.MaxValue ? time.GetUtcNow().UtcDateTime.AddSeconds(options.Value.DefaultDeadlineSeconds) : callerDeadline;
        var maxBytes = hosting.Value.MaxMessageMegabytes << 20;
        using var call = new RewardCall(backends.Captioner, deadline, options.Value.RewardConcurrency, options.Value.RewardBatchSize, maxBytes / 2);
        var response = new ScoreResponse();
        var timings = new StageTimings(time);
        response.Items.AddRange(request.Items.Select(item => new ItemReward { Error = Check(item) }));

        var pairs = request.Items.Where((_, index) => response.Items[index].Error is null).Distinct().ToList();
        var dataType = GradientType(request);
        // a sum is rounded once, at its end; a single reward travels as the caller wants it and is handed on untouched
        var single = request.Rewards.Where(reward => reward.Kind != RewardKind.Caption).ToList() is [var only] && (!only.HasWeight || only.Weight == 1);
        var wireType = dataType is null || single ? dataType : DataType.Float32;
        var scored = new Dictionary<RewardKind, Outcome<PromptScore>[]>();
        var compared = new Dictionary<TextEncoderPreset, Outcome<RewardValue>[]>();
        var kinds = request.Rewards.Where(reward => reward.Kind != RewardKind.Caption).Select(reward => reward.Kind).Distinct();
        var presets = request.Rewards.Where(reward => reward.Kind == RewardKind.Caption).Select(reward => reward.TextEncoder).Distinct().ToList();
        var branches = kinds.Select<RewardKind, Func<CancellationToken, Task>>(kind => async token =>
        {
            var start = time.GetTimestamp();
            var scores = await _prompt.ScoreAsync(call, kind, pairs, wireType, token);
            lock (response)
            {
                scored[kind] = scores;
                timings.Add(kind.ToString().ToLowerInvariant(), time.GetElapsedTime(start));
            }
        });
        if (presets.Count > 0)
        {
            branches = branches.Append(async token =>
            {
                var start = time.GetTimestamp();
                var images = pairs.Select(pair => pair.Image).Distinct().ToList();
                var captions = images.Zip(await _caption.DescribeAsync(call, images, token)).ToDictionary(pair => pair.First, pair => pair.Second);
                foreach (var preset in presets)
                    compared[preset] = await _caption.ScoreAsync(call, pairs, captions, preset, token);
                timings.Add("caption", time.GetElapsedTime(start));
            });
        }

        if (pairs.Count > 0)
            await SideBySide.RunAsync(branches, cancellationToken);
        response.Timings.AddRange(timings.ToMessages());

        var rewards = pairs.Select((_, index) => Combine(request.Rewards, dataType, index, scored, compared)).ToList();
        var position = pairs.Select((pair, index) => (pair, index)).ToDictionary(entry => entry.pair, entry => entry.index);
        for (var i = 0; i < request.Items.Count; i++)
        {
            if (response.Items[i].Error is null)
                response.Items[i] = rewards[position[request.Items[i]]];
        }

        var size = response.CalculateSize();
        return size <= maxBytes
            ? response
            : throw new InvalidInputException("items", $"{request.Items.Count} entries", $"their gradients make an answer of {size >> 20} MiB, more than the {maxBytes >> 20} MiB of a message",
                "send fewer pairs a call, ask for FLOAT16, or raise Hosting:MaxMessageMegabytes");
    }

    private static DataType? GradientType(ScoreRequest request) => request.Gradient is not { } gradient
        ? null
        : gradient.DataType == DataType.Float16 ? DataType.Float16 : DataType.Float32;

    private static ItemError? Check(ScoreItem item)
    {
        try
        {
            if (item.Image is null || item.Image.SourceCase == Image.SourceOneofCase.None)
                throw new InvalidInputException("image", "absent", "there is nothing to score", "set image.encoded or image.pixels");
            _ = Require.Text("prompt", item.Prompt);
            return null;
        }
        catch (InvalidInputException invalid)
        {
            return new ItemError { Code = (int)Code.InvalidArgument, Message = ExceptionMapping.ToStatus(invalid).Message };
        }
    }

    private static ItemReward Combine(
        IReadOnlyList<RewardSpec> specs, DataType? dataType, int pair,
        Dictionary<RewardKind, Outcome<PromptScore>[]> scored, Dictionary<TextEncoderPreset, Outcome<RewardValue>[]> compared)
    {
        var item = new ItemReward();
        var gradients = new List<(float Weight, Tensor Gradient)>();
        double sum = 0;
        foreach (var spec in specs)
        {
            var weight = spec.HasWeight ? spec.Weight : 1;
            var value = Value(spec, pair, scored, compared, out var gradient, out var error);
            if (value is null)
                return new ItemReward { Error = error };
            item.Values.Add(value);
            sum += (double)weight * value.Value;
            if (gradient is not null)
                gradients.Add((weight, gradient));
        }

        item.Reward = (float)sum;
        if (dataType is not { } wanted)
            return item;
        item.Gradient = GradientSum.Of(gradients, wanted);
        return item.Gradient is not null
            ? item
            : new ItemReward { Error = new ItemError { Code = (int)Code.Internal, Message = "the gradients of the rewards are not finite, or differ in shape" } };
    }

    private static RewardValue? Value(
        RewardSpec spec, int pair, Dictionary<RewardKind, Outcome<PromptScore>[]> scored,
        Dictionary<TextEncoderPreset, Outcome<RewardValue>[]> compared, out Tensor? gradient, out ItemError? error)
    {
        gradient = null;
        if (spec.Kind == RewardKind.Caption)
        {
            error = compared[spec.TextEncoder][pair].Error;
            return compared[spec.TextEncoder][pair].Value?.Clone();
        }

        var outcome = scored[spec.Kind][pair];
        error = outcome.Error;
        gradient = outcome.Value?.Gradient;
        return outcome.Value is { } score ? new RewardValue { Kind = spec.Kind, Value = score.Score } : null;
    }
}
