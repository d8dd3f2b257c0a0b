using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Gateway.Backends;
using Realign.Gateway.Verifying;
using Realign.Hosting.Access;
using Realign.V1;
using Realign.Wire.Prompts;

namespace Realign.Gateway.Realigning;

/// <summary>
/// Realigns until it is right: asks what the prompt demands while the first image is drawn, makes attempts (<see cref="AttemptFlow"/>) until
/// one is verified or none is left, and returns the best image of all.
/// </summary>
internal sealed class RealignFlow(
    BackendSet backends, BackendCaller caller, AttemptFlow flow, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>Runs the flow for a checked request and writes its events, the result last.</summary>
    /// <exception cref="RpcException">A stage of the first attempt failed and the policy is FAIL, or it was the first stage.</exception>
    public async Task RunAsync(
        RealignRequest request, IServerStreamWriter<RealignResponse> stream, CallerRights rights, DateTime callerDeadline, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var deadline = options.Value.DeadlineOf(callerDeadline, now);
        using var events = new CallEvents(stream, time, cancellationToken);
        using var demand = new PromptDemand(backends, caller, PromptTexts.Plain(request.Generate), deadline,
            demanded => events.WriteAsync(0, Stage.Verify, new RealignResponse { Demand = demanded }), cancellationToken);
        try
        {
            var call = new RealignCall(request, rights, events, demand, now, deadline);
            using var loop = new AttemptLoop(call, flow, options.Value.Shares, time);
            using (var lease = GeneratorLease.Take(backends.Generator, call.Attempts))
                await loop.RunAsync(lease.Generators, cancellationToken);
            // where an early stage failed nobody waited for the demand, and nothing may follow the result
            await demand.EndAsync();
            var result = ResultOf(call, loop);
            await events.WriteAsync(0, Stage.Verify, new RealignResponse { Accepted = result.Accepted });
            await events.WriteAsync(0, result.Refined ? Stage.Refine : Stage.Coarse, new RealignResponse { Result = result });
        }
        finally
        {
            await demand.EndAsync();
        }
    }

    private static RealignResult ResultOf(RealignCall call, AttemptLoop loop)
    {
        var chosen = DrawnPicture.Choose(loop.Attempts, call.Accept);
        var attempt = chosen.Attempt;
        var refined = chosen.Picture == PictureKind.Refined;
        var result = new RealignResult
        {
            Png = chosen.Png,
            Refined = refined,
            NotRefinedBecause = refined ? "" : attempt.Refined is null ? attempt.Note : $"{DrawnPicture.Of(attempt).Last().Describe()}: not better",
            TruncatedPrompt = attempt.TruncatedPrompt,
            Accepted = new Accepted { Attempt = attempt.Number, Picture = chosen.Picture, Reason = loop.Reason, Text = chosen.Describe() },
            Verification = chosen.Verification,
            Attempts = { loop.Attempts.Select(made => made.ToReport()) },
            Timings = { call.Events.Timings },
            TotalMilliseconds = call.Events.ElapsedMilliseconds,
        };
        if (attempt.Plan is { } plan)
        {
            result.Segments.AddRange(plan.Segments);
            result.SegmentEntries.AddRange(plan.SegmentEntries);
            result.Unused.AddRange(plan.Unused);
        }

        return result;
    }
}
