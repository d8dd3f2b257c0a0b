using System.Collections.Concurrent;
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

/// <summary>Scores pairs with any set of rewards. Equal pairs, images and texts of a request are sent once; answers come in its order.</summary>
internal sealed class RewardScoring(
    BackendSet backends, BackendCaller caller, IOptions<GatewayOptions> options, IOptions<HostingOptions> hosting, TimeProvider time)
{
    private readonly CaptionScoring _caption = new(caller, backends.CaptionerClient);
    private readonly PromptScoring _prompt = new(caller, backends.CaptionerClient);

    /// <summary>Scores a checked request.</summary>
    /// <exception cref="BackendException">The Captioner failed as a whole.</exception>
    public async Task<ScoreResponse> ScoreAsync(ScoreRequest request, DateTime callerDeadline, CancellationToken cancellationToken)
    {
        var deadline = options.Value.DeadlineOf(callerDeadline, time.GetUtcNow().UtcDateTime);
        var maxBytes = hosting.Value.MaxMessageMegabytes << 20;
        using var call = new RewardCall(backends.Captioner, deadline, options.Value.RewardConcurrency, options.Value.RewardBatchSize, maxBytes / 2);
        var readsPrompts = request.Rewards.Any(reward => reward.Kind != RewardKind.Aesthetic);
        var errors = request.Items.Select(item => Check(item, readsPrompts)).ToList();
        var pairs = request.Items.Where((_, index) => errors[index] is null).Distinct().ToList();
        var kinds = request.Rewards.Select(reward => reward.Kind).Distinct().ToList();
        var took = new ConcurrentDictionary<RewardKind, TimeSpan>();
        var scored = new ConcurrentDictionary<(RewardKind Kind, TextEncoderPreset Preset), Outcome<ScoredPair>[]>();
        if (pairs.Count > 0)
        {
            await SideBySide.RunAsync(kinds.Select<RewardKind, Func<CancellationToken, Task>>(kind => async token =>
            {
                var start = time.GetTimestamp();
                if (kind == RewardKind.Caption)
                    await ScoreCaptionsAsync(call, request.Rewards, pairs, scored, token);
                else
                    scored[KeyOf(kind)] = await _prompt.ScoreAsync(call, kind, pairs, WireType(request), token);
                took[kind] = time.GetElapsedTime(start);
            }), cancellationToken);
        }

        var rewards = new PairRewards(request.Rewards, GradientType(request));
        var combined = pairs.Select((pair, index) => (pair, rewards.Combine([.. request.Rewards.Select(reward => scored[KeyOf(reward)][index])])))
            .ToDictionary(entry => entry.pair, entry => entry.Item2);
        var response = new ScoreResponse();
        response.Items.AddRange(request.Items.Select((item, index) => errors[index] is { } error ? new ItemReward { Error = error } : combined[item]));
        var timings = new CallTimings(time);
        foreach (var kind in kinds.Where(took.ContainsKey))
            timings.Add(ProtoNames.Short(kind).ToLowerInvariant(), took[kind]);
        response.Timings.AddRange(timings.ToMessages());

        var size = response.CalculateSize();
        return size <= maxBytes
            ? response
            : throw new InvalidInputException("items", $"{request.Items.Count} entries",
                $"their gradients make an answer of {size >> 20} MiB, more than the {maxBytes >> 20} MiB of a message",
                "send fewer pairs a call, ask for FLOAT16, or raise Hosting:MaxMessageMegabytes");
    }

    private async Task ScoreCaptionsAsync(
        RewardCall call, IEnumerable<RewardSpec> specs, List<ScoreItem> pairs,
        ConcurrentDictionary<(RewardKind Kind, TextEncoderPreset Preset), Outcome<ScoredPair>[]> scored, CancellationToken cancellationToken)
    {
        var images = pairs.Select(pair => pair.Image).Distinct().ToList();
        var captions = images.Zip(await _caption.DescribeAsync(call, images, cancellationToken)).ToDictionary(pair => pair.First, pair => pair.Second);
        foreach (var preset in specs.Where(spec => spec.Kind == RewardKind.Caption).Select(spec => spec.TextEncoder).Distinct())
            scored[(RewardKind.Caption, preset)] = await _caption.ScoreAsync(call, pairs, captions, preset, cancellationToken);
    }

    private static (RewardKind Kind, TextEncoderPreset Preset) KeyOf(RewardSpec spec) =>
        spec.Kind == RewardKind.Caption ? (spec.Kind, spec.TextEncoder) : KeyOf(spec.Kind);

    private static (RewardKind Kind, TextEncoderPreset Preset) KeyOf(RewardKind kind) => (kind, TextEncoderPreset.Unspecified);

    private static DataType? GradientType(ScoreRequest request) => request.Gradient is not { } gradient
        ? null
        : gradient.DataType == DataType.Float16 ? DataType.Float16 : DataType.Float32;

    // a sum is rounded once, at its end; a single reward travels as the caller wants it and is handed on untouched
    private static DataType? WireType(ScoreRequest request)
    {
        var single = request.Rewards.Where(reward => reward.Kind != RewardKind.Caption).ToList() is [var only] && (!only.HasWeight || only.Weight == 1);
        return GradientType(request) is { } wanted ? single ? wanted : DataType.Float32 : null;
    }

    private static ItemError? Check(ScoreItem item, bool readsPrompts)
    {
        try
        {
            if (item.Image is null || item.Image.SourceCase == Image.SourceOneofCase.None)
                throw new InvalidInputException("image", "absent", "there is nothing to score", "set image.encoded or image.pixels");
            _ = readsPrompts ? Require.Text("prompt", item.Prompt) : Require.OptionalText("prompt", item.Prompt);
            return null;
        }
        catch (InvalidInputException invalid)
        {
            return new ItemError { Code = (int)Code.InvalidArgument, Message = ExceptionMapping.ToStatus(invalid).Message };
        }
    }
}
