using Grpc.Core;
using Realign.Gateway.Backends;
using Realign.Gateway.Verifying;
using Realign.Hosting.Access;
using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>
/// One attempt, coarse to fine (RealignDiff, algorithms 4 and 5):
/// <code>
/// 1 COARSE ──┬── 2 TAG ────── 3 SCENE ── 4 SEGMENT ── 5 VERIFY ── 6 REFINE ── 7 VERIFY
///            └── 2 CAPTION (no step: VERIFY looks at it where it can decide)
/// </code>
/// Under ACCEPT_VERIFIED a coarse image in which everything is confirmed is not refined.
/// </summary>
internal sealed class AttemptFlow(BackendSet backends, BackendCaller caller, PictureReader reader, TimeProvider time)
{
    /// <summary>How long a caption is waited for when everything else is there.</summary>
    private static readonly TimeSpan _captionGrace = TimeSpan.FromSeconds(5);

    /// <summary>Draws and reads until there is a verified image or nothing more to do.</summary>
    /// <param name="attempt">Filled in.</param>
    /// <param name="call">The call it belongs to.</param>
    /// <param name="stages">Runs its stages.</param>
    /// <param name="generator">Draws both images.</param>
    /// <param name="onSeed">Told the seed of the coarse image.</param>
    /// <param name="cancellationToken">Fires when the caller left or another attempt was accepted.</param>
    /// <exception cref="StageException">A stage other than CAPTION and VERIFY failed.</exception>
    public async Task RunAsync(
        Attempt attempt, RealignCall call, StageRunner stages, GeneratorBackend generator, Action<ulong> onSeed, CancellationToken cancellationToken)
    {
        if (attempt.Number == 1 && !call.GoesOn)
            RequireAnswers(cancellationToken);
        var coarseRequest = CoarseRequest(call.Request, attempt.Seed);
        var coarse = await GenerateAsync(call, stages, generator, Stage.Coarse, coarseRequest, cancellationToken);
        attempt.Seed = coarse.Images[0].Seed;
        attempt.Coarse = coarse.Images[0].Png;
        attempt.TruncatedPrompt = coarse.TruncatedPrompt;
        onSeed(attempt.Seed.Value);

        var image = new Image { Encoded = attempt.Coarse };
        using var captioning = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var caption = CaptionAsync(stages, image, captioning.Token);
        try
        {
            await ReadAndRefineAsync(attempt, call, stages, generator, coarseRequest, image, caption, cancellationToken);
        }
        catch (StageException) when (!call.GoesOn || attempt.Number > 1)
        {
            await captioning.CancelAsync();
            throw;
        }
        finally
        {
            // a late caption is waited for, but not for long
            captioning.CancelAfter(_captionGrace);
            _ = await caption;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task ReadAndRefineAsync(
        Attempt attempt, RealignCall call, StageRunner stages, GeneratorBackend generator, GenerateRequest coarseRequest, Image image,
        Task<CaptionResponse?> caption, CancellationToken cancellationToken)
    {
        var (plan, known) = await LocateAsync(stages, call.Prompt, image, caption, cancellationToken);
        attempt.Plan = plan;
        attempt.CoarseVerification = await VerifyAsync(call, stages, PictureKind.Coarse, image, known, cancellationToken);
        if (call.Accept == Accept.Verified && attempt.CoarseVerification is { Verified: true, Unknown: 0 })
        {
            attempt.Note = "the coarse image shows everything that the prompt demands, so nothing is refined";
            return;
        }

        if (plan.Segments.Count > 0)
        {
            var refined = await GenerateAsync(
                call, stages, generator, Stage.Refine, RefineRequest(coarseRequest, attempt.Seed!.Value, plan), cancellationToken);
            plan.DropIgnored(refined.Segments);
            if (plan.Segments.Count > 0)
                attempt.Refined = refined.Images[0].Png;
        }

        if (attempt.Refined is { } png)
            attempt.RefinedVerification = await VerifyAsync(call, stages, PictureKind.Refined, new Image { Encoded = png }, null, cancellationToken);
        else
            attempt.Note = plan.WhyEmpty();
    }

    private Task<Verification> VerifyAsync(
        RealignCall call, StageRunner stages, PictureKind picture, Image image, KnownAnswers? known, CancellationToken cancellationToken) =>
        stages.RunAsync(Stage.Verify, async deadline =>
        {
            var demand = await call.Demand.WithinAsync(deadline - time.GetUtcNow().UtcDateTime);
            var reading = await reader.ReadAsync(image, call.Prompt, demand, known, deadline, cancellationToken);
            return PictureVerifier.Verify(picture, demand, reading);
        }, verification => new RealignResponse { Verification = verification });

    /// <summary>Reads the caption. No step needs it: that it failed is an event, and the flow goes on.</summary>
    private async Task<CaptionResponse?> CaptionAsync(StageRunner stages, Image image, CancellationToken cancellationToken)
    {
        try
        {
            return await stages.RunAsync(Stage.Caption, backends.Captioner,
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
                Message = "CAPTION was given up: everything else of the attempt had ended",
            });
        }

        return null;

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

    /// <summary>Tags, scene scores and masks: what shall be where, and what VERIFY need not ask again.</summary>
    private async Task<(SegmentPlan Plan, KnownAnswers Known)> LocateAsync(
        StageRunner stages, string prompt, Image image, Task<CaptionResponse?> caption, CancellationToken cancellationToken)
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
        // the colors are for VERIFY: where they are named anyway, nothing is cut out twice
        var segmentRequest = new SegmentRequest { Image = image, NameColors = true };
        segmentRequest.Phrases.AddRange(plan.Phrases);
        if (segmentRequest.Phrases.Count == 0)
            return (plan, new KnownAnswers(tags, new Dictionary<string, GroundedPhrase>(), [], caption));
        var grounded = await stages.RunAsync(Stage.Segment, backends.Segmenter,
            scope => caller.UnaryAsync(scope, backends.SegmenterClient.SegmentAsync, segmentRequest),
            answer => new RealignResponse { Segments = answer }, cancellationToken);
        plan.Locate(grounded.Phrases);
        return (plan, new KnownAnswers(tags, plan.Phrases.Zip(grounded.Phrases).ToDictionary(), grounded.ColorNames, caption));
    }

    private async Task<GenerateResult> GenerateAsync(
        RealignCall call, StageRunner stages, GeneratorBackend generator, Stage stage, GenerateRequest request, CancellationToken cancellationToken)
    {
        var isCounted = false;
        return await stages.RunAsync(stage, generator.Backend,
            scope => caller.GenerateAsync(scope, generator.Client, request, response =>
            {
                if (response.Preview is not null)
                    return stages.WriteAsync(stage, new RealignResponse { Preview = response.Preview });
                // told before the first step; what a REFINE continues has been paid for
                if (!isCounted && response.Progress is { } begun)
                {
                    Count(call.Rights, begun.MegapixelSteps, stage == Stage.Refine);
                    isCounted = true;
                }

                return stages.WriteAsync(stage, new RealignResponse { Progress = response.Progress });
            }),
            generated => stage == Stage.Coarse ? new RealignResponse { Coarse = generated } : new RealignResponse { Refined = generated },
            cancellationToken);
    }

    private static void Count(CallerRights rights, double megapixelSteps, bool isContinuing)
    {
        try
        {
            rights.Spend(megapixelSteps, isContinuing);
        }
        catch (RpcException spent)
        {
            throw new BackendException(spent);
        }
    }

    /// <summary>Nothing is drawn for a call that must fail later: what a stage of it needs takes connections and answers nothing.</summary>
    private void RequireAnswers(CancellationToken cancellationToken)
    {
        foreach (var (stage, backend) in new[] { (Stage.Tag, backends.Tagger), (Stage.Scene, backends.SceneScorer), (Stage.Segment, backends.Segmenter) })
        {
            if (backend.Replicas.IsSilent)
            {
                var scope = new CallScope(backend, "stage", stage.ToString().ToUpperInvariant(), DateTime.MaxValue, cancellationToken);
                throw new StageException(stage, BackendFailure.Silent(scope));
            }
        }
    }

    /// <summary>
    /// The settings of REFINE go along, without segments: they change nothing yet, and a wrong one is refused before anything is generated.
    /// </summary>
    private static GenerateRequest CoarseRequest(RealignRequest request, ulong? seed)
    {
        var coarse = request.Generate.Clone();
        coarse.HeatMaps |= request.HeatMaps;
        if (seed is { } known)
            coarse.Seed = known;
        return coarse;
    }

    /// <summary>The same prompt, noise and sampling again, with the segments.</summary>
    private static GenerateRequest RefineRequest(GenerateRequest coarseRequest, ulong seed, SegmentPlan plan)
    {
        var refine = coarseRequest.Clone();
        refine.Seed = seed;
        refine.Modulation ??= new Modulation();
        refine.Modulation.Segments.AddRange(plan.Segments);
        return refine;
    }
}
