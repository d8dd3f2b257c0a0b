using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>
/// Coarse to fine (RealignDiff, algorithms 4 and 5):
/// <code>
/// 1 COARSE ──┬── 2 TAG ────── 3 SCENE ── 4 SEGMENT ── 5 REFINE
///            └── 2 CAPTION (for the eye; nothing depends on it)
/// </code>
/// The caption holds up nothing, so the critical path is COARSE, TAG, SCENE, SEGMENT, REFINE.
/// </summary>
internal sealed class RealignFlow(BackendSet backends, BackendCaller caller, IOptions<GatewayOptions> options, TimeProvider time)
{
    /// <summary>How long a caption is waited for when everything else is there.</summary>
    private static readonly TimeSpan _captionGrace = TimeSpan.FromSeconds(5);

    /// <summary>Runs the flow for a checked request and writes its events, the result last.</summary>
    /// <exception cref="RpcException">A stage failed and the policy is FAIL, or it was the first one.</exception>
    public async Task RunAsync(
        RealignRequest request, IServerStreamWriter<RealignResponse> stream, DateTime callerDeadline, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var deadline = callerDeadline == DateTime.MaxValue ? now.AddSeconds(options.Value.DefaultDeadlineSeconds) : callerDeadline;
        using var stages = new StageRunner(stream, new StageSchedule(now, deadline, options.Value.Shares), time, cancellationToken);

        var coarseRequest = CoarseRequest(request);
        var coarse = await GenerateAsync(stages, Stage.Coarse, coarseRequest, cancellationToken);
        var result = new RealignResult { Png = coarse.Images[0].Png, TruncatedPrompt = coarse.TruncatedPrompt };
        var goesOn = request.OnStageFailure == OnStageFailure.SkipToCoarse;
        try
        {
            await ReadAndRefineAsync(stages, coarseRequest, coarse, result, goesOn, cancellationToken);
        }
        catch (StageException failure) when (goesOn && !cancellationToken.IsCancellationRequested)
        {
            var failed = new StageFailed { Code = (int)failure.StatusCode, Message = failure.Status.Detail };
            await stages.WriteAsync(failure.Stage, new RealignResponse { Failed = failed });
            result.NotRefinedBecause = failed.Message;
        }

        result.Timings.AddRange(stages.Timings);
        result.TotalMilliseconds = stages.ElapsedMilliseconds;
        await stages.WriteAsync(result.Refined ? Stage.Refine : Stage.Coarse, new RealignResponse { Result = result });
    }

    private async Task ReadAndRefineAsync(
        StageRunner stages, GenerateRequest coarseRequest, GenerateResult coarse, RealignResult result, bool goesOn, CancellationToken cancellationToken)
    {
        var image = new Image { Encoded = coarse.Images[0].Png };
        using var captioning = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var caption = CaptionAsync(stages, image, captioning.Token);
        try
        {
            var plan = await LocateAsync(stages, coarseRequest.Prompt, image, cancellationToken);
            if (plan.Segments.Count > 0)
            {
                var refined = await GenerateAsync(stages, Stage.Refine, RefineRequest(coarseRequest, coarse, plan), cancellationToken);
                plan.DropIgnored(refined.Segments);
                result.Refined = plan.Segments.Count > 0;
                if (result.Refined)
                    result.Png = refined.Images[0].Png;
            }

            result.Segments.AddRange(plan.Segments);
            result.SegmentEntries.AddRange(plan.SegmentEntries);
            result.Unused.AddRange(plan.Unused);
            result.NotRefinedBecause = result.Refined ? "" : plan.WhyEmpty();
        }
        catch (StageException) when (!goesOn)
        {
            await captioning.CancelAsync();
            throw;
        }
        finally
        {
            // the caption is for the eye: a late one is waited for, but not for long
            captioning.CancelAfter(_captionGrace);
            await caption;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Reads the caption. Nothing depends on it: that it failed is an event, and the flow goes on.</summary>
    private async Task CaptionAsync(StageRunner stages, Image image, CancellationToken cancellationToken)
    {
        try
        {
            await stages.RunAsync(Stage.Caption, backends.Captioner,
                scope => caller.UnaryAsync(scope, backends.CaptionerClient.CaptionAsync, new CaptionRequest { Image = image }),
                answer => new RealignResponse { Caption = answer }, cancellationToken);
        }
        catch (StageException failure)
        {
            await ReportAsync(stages, new StageFailed { Code = (int)failure.StatusCode, Message = failure.Status.Detail });
        }
        catch (OperationCanceledException)
        {
            await ReportAsync(stages, new StageFailed
            {
                Code = (int)StatusCode.DeadlineExceeded,
                Message = "CAPTION was given up: everything else of the call had ended",
            });
        }

        static async Task ReportAsync(StageRunner stages, StageFailed failed)
        {
            try
            {
                await stages.WriteAsync(Stage.Caption, new RealignResponse { Failed = failed });
            }
            catch (OperationCanceledException)
            {
                // the caller left: there is nobody to report to, and the flow itself says so
            }
        }
    }

    /// <summary>Tags, scene scores and masks: what shall be where.</summary>
    private async Task<SegmentPlan> LocateAsync(StageRunner stages, string prompt, Image image, CancellationToken cancellationToken)
    {
        var tags = await stages.RunAsync(Stage.Tag, backends.Tagger,
            scope => caller.UnaryAsync(scope, backends.TaggerClient.TagAsync, new TagRequest { Image = image }),
            answer => new RealignResponse { Tags = answer }, cancellationToken);

        var sceneRequest = new ScoreSceneRequest { Prompt = prompt };
        sceneRequest.Tags.AddRange(GroundableTags.Select(tags.Tags));
        var scene = await stages.RunAsync(Stage.Scene, backends.SceneScorer,
            scope => caller.UnaryAsync(scope, backends.SceneScorerClient.ScoreSceneAsync, sceneRequest),
            answer => new RealignResponse { Scene = answer }, cancellationToken);

        var plan = new SegmentPlan(scene.Entries);
        var segmentRequest = new SegmentRequest { Image = image };
        segmentRequest.Phrases.AddRange(plan.Phrases);
        if (segmentRequest.Phrases.Count == 0)
            return plan;
        var grounded = await stages.RunAsync(Stage.Segment, backends.Segmenter,
            scope => caller.UnaryAsync(scope, backends.SegmenterClient.SegmentAsync, segmentRequest),
            answer => new RealignResponse { Segments = answer }, cancellationToken);
        plan.Locate(grounded.Phrases);
        return plan;
    }

    private Task<GenerateResult> GenerateAsync(StageRunner stages, Stage stage, GenerateRequest request, CancellationToken cancellationToken) =>
        stages.RunAsync(stage, backends.Generator,
            scope => caller.GenerateAsync(scope, backends.GeneratorClient, request, response => stages.WriteAsync(stage,
                response.EventCase == GenerateResponse.EventOneofCase.Preview
                    ? new RealignResponse { Preview = response.Preview }
                    : new RealignResponse { Progress = response.Progress })),
            generated => stage == Stage.Coarse ? new RealignResponse { Coarse = generated } : new RealignResponse { Refined = generated },
            cancellationToken);

    /// <summary>
    /// The settings of REFINE go along, without segments: they change nothing yet, and a wrong one is refused before anything is generated.
    /// </summary>
    private static GenerateRequest CoarseRequest(RealignRequest request)
    {
        var coarse = request.Generate.Clone();
        coarse.HeatMaps |= request.HeatMaps;
        return coarse;
    }

    /// <summary>The same prompt, noise and sampling again, with the segments.</summary>
    private static GenerateRequest RefineRequest(GenerateRequest coarseRequest, GenerateResult coarse, SegmentPlan plan)
    {
        var refine = coarseRequest.Clone();
        refine.Seed = coarse.Images[0].Seed;
        refine.Modulation ??= new Modulation();
        refine.Modulation.Segments.AddRange(plan.Segments);
        return refine;
    }
}
