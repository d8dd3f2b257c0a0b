using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Realign.Core.Errors;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;
using SkiaSharp;

namespace Realign.Cli.Tests.Fakes;

/// <summary>One server that answers as all six services, with a fixed little scene; the program under test is the client.</summary>
internal static class FakeServices
{
    public const int Size = 64;

    /// <summary>A prompt whose end no model here reads.</summary>
    public const string LongPrompt = "a prompt without end";

    public static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(args =>
    {
        var app = ServiceHost.CreateBuilder(args, 0).BuildService();
        app.MapGrpcService<Gateway>();
        app.MapGrpcService<Reward>();
        app.MapGrpcService<Generator>();
        app.MapGrpcService<Captioner>();
        app.MapGrpcService<Tagger>();
        app.MapGrpcService<SceneScorer>();
        app.MapGrpcService<Segmenter>();
        return app;
    }, settings);

    /// <summary>A car and an elephant, seen from far away.</summary>
    public static byte[] Scene(bool refined)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Size, Size));
        using var paint = new SKPaint { Color = SKColor.Parse(refined ? "#d62828" : "#f582b4") };
        surface.Canvas.Clear(SKColor.Parse("#e9eef2"));
        surface.Canvas.DrawRoundRect(new SKRect(6, 30, 30, 48), 5, 5, paint);
        paint.Color = SKColor.Parse("#f582b4");
        surface.Canvas.DrawOval(new SKRect(34, 20, 60, 50), paint);
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    public static Mask MaskOf(SKRectI box)
    {
        var mask = new Mask { Width = Size, Height = Size };
        uint run = 0;
        var value = false;
        for (var x = 0; x < Size; x++)
        {
            for (var y = 0; y < Size; y++)
            {
                if (box.Contains(x, y) != value)
                {
                    mask.Counts.Add(run);
                    run = 0;
                    value = !value;
                }

                run++;
            }
        }

        mask.Counts.Add(run);
        return mask;
    }

    private static GenerateResult Drawn(GenerateRequest request, bool refined)
    {
        var result = Whole(request, refined);
        if (request.Prompt != LongPrompt)
            return result;
        (result.TruncatedPrompt, result.TruncatedNegativePrompt) = ("end 1", "end 2");
        (result.TruncatedPrompt2, result.TruncatedNegativePrompt2) = ("end 3", "end 4");
        result.Ignored.Add(new IgnoredField { Field = "eta", Reason = "Euler has none" });
        if (refined)
            result.Segments.Add(new SegmentReport { Phrase = "a red car", IgnoredBecause = "its words were cut" });
        return result;
    }

    private static GenerateResult Whole(GenerateRequest request, bool refined) => new()
    {
        Images = { new GeneratedImage { Png = ByteString.CopyFrom(Scene(refined)), Seed = request.HasSeed ? request.Seed : 42 } },
        EffectivePrompt = request.Prompt,
        Scheduler = Scheduler.Ddim,
        NumInferenceSteps = 2,
        GuidanceScale = 4,
        HeatMaps = { Heat("a", 1), Heat("red", 2), Heat("car", 3), Heat("elephant", 40) },
        Model = new ModelInfo { Family = "stable-diffusion", Name = "fake" },
    };

    private static HeatMap Heat(string word, int peak)
    {
        var values = new float[64];
        for (var i = 0; i < values.Length; i++)
            values[i] = 1f / (1 + Math.Abs(i - peak));
        return new HeatMap
        {
            Word = word,
            Map = new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 8, 8 },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan()))
            }
        };
    }

    private static readonly ModelInfo Model = new() { Family = "fake", Name = "fake" };

    private static TagResponse Tags() => new()
    {
        Tags = { new Tag { Name = "car", Groundable = true, Probability = 0.97f },
        new Tag { Name = "elephant", Groundable = true } },
        Model = Model
    };

    private static CaptionResponse CaptionOf() => new() { Caption = "a pink car and a pink elephant", NumTokens = 8, Finished = true, Model = Model };

    private static ScoreSceneResponse SceneOf() => new()
    {
        Entries =
        {
            new SceneEntry { Tag = "car", Score = 2, Phrase = "a red car", Source = EntrySource.Tag, Origin = AnswerOrigin.Model },
            new SceneEntry { Tag = "elephant", Score = 2, Phrase = "a pink elephant", Source = EntrySource.Tag, Origin = AnswerOrigin.Model },
            new SceneEntry { Tag = "banana", Score = 0, Source = EntrySource.Tag, Origin = AnswerOrigin.Model },
            new SceneEntry { Tag = "umbrella", Score = 2, Phrase = "a blue umbrella", Source = EntrySource.Missing, Origin = AnswerOrigin.Rule },
        },
        Origin = AnswerOrigin.Model,
        Model = Model,
    };

    private static SegmentResponse Found() => new()
    {
        Width = Size,
        Height = Size,
        Phrases = { Ground("car", new SKRectI(6, 30, 30, 48)), Ground("elephant", new SKRectI(34, 20, 60, 50)) },
        Model = Model,
    };

    private static GroundedPhrase Ground(string phrase, SKRectI box) => new()
    {
        Phrase = phrase,
        Mask = MaskOf(box),
        Detections = { new Detection { Box = new Box { X0 = box.Left, Y0 = box.Top, X1 = box.Right, Y1 = box.Bottom }, Score = 0.91f, Mask = MaskOf(box),
            PredictedIou = 0.9f } },
    };

    private sealed class Gateway : GatewayService.GatewayServiceBase
    {
        public override async Task Realign(RealignRequest request, IServerStreamWriter<RealignResponse> stream, ServerCallContext context)
        {
            if (request.Generate.Prompt == "fail")
                throw new FailedPreconditionException("model base is not loaded", "load it");
            if (request.Generate.Prompt == "bad")
                throw new InvalidInputException("generate.prompt", "bad", "it is bad", "send a good one");
            var coarse = Drawn(request.Generate, refined: false);
            var refined = Drawn(request.Generate, refined: true);
            var result = new RealignResult { Refined = true, Png = refined.Images[0].Png, TotalMilliseconds = 1234 };
            var start = 0.0;
            foreach (var (stage, response) in new (Stage, RealignResponse)[]
            {
                (Stage.Coarse, new RealignResponse { Coarse = coarse }), (Stage.Tag, new RealignResponse { Tags = Tags() }),
                (Stage.Caption, new RealignResponse { Caption = CaptionOf() }), (Stage.Scene, new RealignResponse { Scene = SceneOf() }),
                (Stage.Segment, new RealignResponse { Segments = Found() }), (Stage.Refine, new RealignResponse { Refined = refined }),
            })
            {
                await stream.WriteAsync(new RealignResponse { Stage = stage, Started = new StageStarted { AtMilliseconds = start } });
                if (stage is Stage.Coarse or Stage.Refine)
                    await stream.WriteAsync(new RealignResponse
                    {
                        Stage = stage,
                        Progress = new GenerateProgress
                        {
                            Step = 1,
                            TotalSteps = 2,
                            EtaMilliseconds = 5
                        }
                    });
                response.Stage = stage;
                await stream.WriteAsync(response);
                result.Timings.Add(new StageTiming { Stage = stage, StartMilliseconds = start, DurationMilliseconds = 200 });
                start += stage == Stage.Tag ? 0 : 200;
            }

            foreach (var phrase in Found().Phrases)
                result.Segments.Add(new Segment { Phrase = phrase.Phrase == "car" ? "a red car" : "a pink elephant", Score = 2, Mask = phrase.Mask });
            result.SegmentEntries.AddRange([0, 1]);
            result.Unused.Add(new UnusedEntry
            {
                Tag = "umbrella",
                Phrase = "a blue umbrella",
                Score = 2,
                Reason = "the tagger did not find it in the coarse image",
                Entry = 3,
            });
            await stream.WriteAsync(new RealignResponse { Stage = Stage.Refine, Result = result });
        }

        public override Task<GatewayServiceListAdaptersResponse> ListAdapters(GatewayServiceListAdaptersRequest request, ServerCallContext context) =>
            Task.FromResult(new GatewayServiceListAdaptersResponse
            {
                Adapters =
                {
                    new AdapterFile
                    {
                        Name = "styles/ink", SizeBytes = 2_500_000, Family = ModelFamily.Sdxl, Kinds = { AdapterKind.Lora, AdapterKind.Norm }, Ranks = { 4, 8 },
                        Components = { "unet" }, Title = "Ink", TriggerWords = { "wash" }, Embeddings = { "inkcat" },
                    },
                    new AdapterFile { Name = "broken", Problem = "no safetensors" },
                },
            });

        public override Task<GetMeshStatusResponse> GetMeshStatus(GetMeshStatusRequest request, ServerCallContext context) =>
            Task.FromResult(new GetMeshStatusResponse
            {
                Services =
            {
                new ServiceStatus { Name = "generator", Address = "http://g", State = ServiceState.Serving },
                new ServiceStatus { Name = "tagger", Address = "http://t", State = ServiceState.Unreachable, Detail = "nothing listens" },
            },
            });
    }

    private sealed class Reward : RewardService.RewardServiceBase
    {
        public override Task<ScoreResponse> Score(ScoreRequest request, ServerCallContext context)
        {
            var response = new ScoreResponse();
            foreach (var item in request.Items)
            {
                response.Items.Add(item.Image.Encoded.Length < 10
                    ? new ItemReward { Error = new ItemError { Code = 3, Message = "not an image" } }
                    : new ItemReward { Reward = 0.5f, Values = { request.Rewards.Select(reward => Value(reward, item.Prompt == LongPrompt)) } });
            }

            return Task.FromResult(response);
        }

        private static RewardValue Value(RewardSpec reward, bool isCut) => new()
        {
            Kind = reward.Kind,
            Value = reward.HasWeight ? reward.Weight : 1,
            TruncatedPrompt = isCut ? "end 1" : "",
            Caption = reward.Kind == RewardKind.Caption ? "a caption" : "",
            TruncatedCaption = isCut && reward.Kind == RewardKind.Caption ? "end 2" : "",
        };
    }

    private sealed class Generator : GeneratorService.GeneratorServiceBase
    {
        public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> stream, ServerCallContext context)
        {
            await stream.WriteAsync(new GenerateResponse { Progress = new GenerateProgress { Step = 1, TotalSteps = 2 } });
            await stream.WriteAsync(new GenerateResponse { Result = Drawn(request, refined: false) });
        }
    }

    private sealed class Captioner : CaptionerService.CaptionerServiceBase
    {
        public override Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context)
        {
            var response = CaptionOf();
            response.NumPromptTokens = request.Prompt.Length;
            response.Finished = !request.HasMaxNewTokens;
            return Task.FromResult(response);
        }
    }

    private sealed class Tagger : TaggerService.TaggerServiceBase
    {
        public override Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
        {
            var response = Tags();
            if (request.Image.FirstFrame && request.Image.ApplyProfile)
                response.Tags.Add(new Tag { Name = "first frame in sRGB", Probability = 1 });
            return Task.FromResult(response);
        }
    }

    private sealed class SceneScorer : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context) =>
            Task.FromResult(request.Tags.SequenceEqual(["car", "banana"]) ? SceneOf() : throw new InvalidInputException("tags", "?", "not what was typed",
                "type them"));

        public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) =>
            Task.FromResult(new ExtractEntitiesResponse { Entities = { new Entity { Noun = "dog", Attributes = { "black" }, Count = 2 } } });
    }

    private sealed class Segmenter : SegmenterService.SegmenterServiceBase
    {
        public override Task<SegmentResponse> Segment(SegmentRequest request, ServerCallContext context) => Task.FromResult(Found());
    }
}
