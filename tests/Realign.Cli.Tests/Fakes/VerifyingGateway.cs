using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;
using SkiaSharp;

namespace Realign.Cli.Tests.Fakes;

/// <summary>
/// A Gateway that verifies: of two attempts side by side the first one draws a blue elephant, the second one misses the chair and has it
/// after refinement. With one attempt there is the first one only. Every image has a color of its own.
/// </summary>
internal sealed class VerifyingGateway : GatewayService.GatewayServiceBase
{
    public const string Prompt = "a red car, a pink elephant and a blue chair";

    /// <summary>A prompt that demands nothing.</summary>
    public const string NothingDemanded = "colors";

    /// <summary>The requests, in order.</summary>
    public List<RealignRequest> Requests { get; } = [];

    public Task<TestService> StartAsync() => TestService.StartAsync(args =>
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton(this);
        var app = builder.BuildService();
        app.MapGrpcService<VerifyingGateway>();
        return app;
    });

    /// <summary>An image of an attempt.</summary>
    public static byte[] Image(int attempt, PictureKind picture)
    {
        using var surface = SKSurface.Create(new SKImageInfo(FakeServices.Size, FakeServices.Size));
        surface.Canvas.Clear(new SKColor((byte)(40 * attempt), (byte)(90 * (int)picture), 120));
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    /// <summary>What an image of an attempt shows.</summary>
    public static Verification Shown(int attempt, PictureKind picture)
    {
        var elephant = attempt == 1 ? Colored(1, "pink", "the mask is 91 % blue", Verdict.Contradicted)
            : Colored(1, "pink", "the mask is 88 % pink", Verdict.Confirmed);
        var isChairThere = attempt == 1 || picture == PictureKind.Refined;
        var verification = new Verification
        {
            Picture = picture,
            Objects = { Colored(0, "red", "the mask is 92 % red", Verdict.Confirmed), elephant, isChairThere ? SilentChair() : NoChair() },
            Contradicted = attempt == 1 ? 1 : 0,
            Missing = isChairThere ? 0 : 1,
            Unknown = isChairThere ? 1 : 0,
            LogLikelihood = -1.25f,
        };
        verification.Verified = verification is { Contradicted: 0, Missing: 0 };
        return verification;
    }

    public override async Task Realign(RealignRequest request, IServerStreamWriter<RealignResponse> stream, ServerCallContext context)
    {
        Requests.Add(request);
        var attempts = request.HasAttempts && request.Attempts > 1 ? new[] { 1, 2 } : [1];
        foreach (var attempt in attempts)
            await SendAsync(attempt, Stage.Coarse, new RealignResponse { AttemptStarted = Started(request, attempt) });
        // the later attempt is ahead: events mix
        await DrawAsync(Stage.Coarse, PictureKind.Coarse, drawn => new RealignResponse { Coarse = drawn });
        await SendAsync(0, Stage.Verify, new RealignResponse { Demand = Demanded(request) });
        await ReadAsync(PictureKind.Coarse);
        await DrawAsync(Stage.Refine, PictureKind.Refined, drawn => new RealignResponse { Refined = drawn });
        await ReadAsync(PictureKind.Refined);
        var accepted = new Accepted
        {
            Attempt = attempts[^1],
            Picture = PictureKind.Refined,
            Reason = attempts.Length > 1 ? AcceptReason.Verified : AcceptReason.BestOfAttempts,
        };
        await SendAsync(0, Stage.Verify, new RealignResponse { Accepted = accepted });
        await SendAsync(0, Stage.Refine, new RealignResponse { Result = ResultOf(request, attempts, accepted) });

        async Task DrawAsync(Stage stage, PictureKind picture, Func<GenerateResult, RealignResponse> toResponse)
        {
            foreach (var attempt in attempts)
                await SendAsync(attempt, stage, new RealignResponse { Started = new StageStarted() });
            foreach (var attempt in attempts.Reverse())
                await SendAsync(attempt, stage, new RealignResponse { Progress = new GenerateProgress { Step = 1, TotalSteps = 2 } });
            foreach (var attempt in attempts.Reverse())
                await SendAsync(attempt, stage, toResponse(Drawn(request, attempt, picture)));
        }

        async Task ReadAsync(PictureKind picture)
        {
            foreach (var attempt in attempts)
                await SendAsync(attempt, Stage.Verify, new RealignResponse { Started = new StageStarted() });
            foreach (var attempt in attempts.Reverse())
                await SendAsync(attempt, Stage.Verify, new RealignResponse { Verification = Read(request, attempt, picture) });
        }

        Task SendAsync(int attempt, Stage stage, RealignResponse response)
        {
            response.Attempt = attempt;
            response.Stage = stage;
            return stream.WriteAsync(response);
        }
    }

    private static Verification Read(RealignRequest request, int attempt, PictureKind picture) => request.Generate.Prompt == NothingDemanded
        ? new Verification { Picture = picture, LogLikelihood = -2 }
        : Shown(attempt, picture);

    private static RealignResult ResultOf(RealignRequest request, int[] attempts, Accepted accepted) => new()
    {
        Png = ByteString.CopyFrom(Image(accepted.Attempt, accepted.Picture)),
        Refined = true,
        Accepted = accepted,
        Verification = Read(request, accepted.Attempt, accepted.Picture),
        Attempts =
        {
            attempts.Select(attempt => new AttemptReport
            {
                Attempt = attempt,
                Seed = SeedOf(request, attempt),
                Coarse = Read(request, attempt, PictureKind.Coarse),
                Refined = Read(request, attempt, PictureKind.Refined),
            }),
        },
        Timings = { attempts.Select(attempt => new StageTiming { Attempt = attempt, Stage = Stage.Coarse, DurationMilliseconds = 300 }) },
        TotalMilliseconds = 500,
    };

    private static Demand Demanded(RealignRequest request) => request.Generate.Prompt == NothingDemanded
        ? new Demand { NothingBecause = "the prompt names no object" }
        : new Demand
        {
            Entities =
            {
                new Entity { Noun = "car", Attributes = { "red" }, Phrase = "a red car" },
                new Entity { Noun = "elephant", Attributes = { "pink" }, Phrase = "a pink elephant" },
                new Entity { Noun = "chair", Attributes = { "blue" }, Phrase = "a blue chair" },
            },
        };

    private static AttemptStarted Started(RealignRequest request, int attempt)
    {
        var started = new AttemptStarted { Attempts = request.HasAttempts ? request.Attempts : 1 };
        if (request.Generate.HasSeed)
            started.Seed = SeedOf(request, attempt);
        return started;
    }

    private static ulong SeedOf(RealignRequest request, int attempt) =>
        unchecked((request.Generate.HasSeed ? request.Generate.Seed : 42) + (ulong)(attempt - 1));

    private static GenerateResult Drawn(RealignRequest request, int attempt, PictureKind picture) => new()
    {
        Images = { new GeneratedImage { Png = ByteString.CopyFrom(Image(attempt, picture)), Seed = SeedOf(request, attempt) } },
        EffectivePrompt = request.Generate.Prompt,
        NumInferenceSteps = 2,
        GuidanceScale = 4,
    };

    private static ObjectVerdict Colored(int entity, string color, string text, Verdict verdict) => new()
    {
        Entity = entity,
        Verdict = verdict,
        Presence = Verdict.Confirmed,
        PresenceEvidence = { new Evidence { Reader = "tagger", Verdict = Verdict.Confirmed, Text = "the tagger names it" } },
        Attributes =
        {
            new AttributeVerdict { Attribute = color, Verdict = verdict, Evidence = { new Evidence { Reader = "color", Verdict = verdict, Text = text } } },
        },
        Count = Verdict.Unknown,
        Found = 1,
    };

    private static ObjectVerdict SilentChair() => new()
    {
        Entity = 2,
        Verdict = Verdict.Unknown,
        Presence = Verdict.Confirmed,
        PresenceEvidence = { new Evidence { Reader = "segmenter", Verdict = Verdict.Confirmed, Text = "the segmenter finds a chair (0.90)" } },
        Attributes = { new AttributeVerdict { Attribute = "blue", Verdict = Verdict.Unknown } },
        Count = Verdict.Unknown,
        Found = 1,
    };

    private static ObjectVerdict NoChair() => new()
    {
        Entity = 2,
        Verdict = Verdict.Contradicted,
        Presence = Verdict.Contradicted,
        PresenceEvidence = { new Evidence { Reader = "segmenter", Verdict = Verdict.Contradicted, Text = "the segmenter finds no chair" } },
        Attributes = { new AttributeVerdict { Attribute = "blue", Verdict = Verdict.Unknown } },
        Count = Verdict.Unknown,
    };
}
