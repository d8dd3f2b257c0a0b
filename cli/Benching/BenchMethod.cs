using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Cli.Benching;

/// <summary>A method that can be called over and over, by a short name or by <c>Service/Method</c>.</summary>
/// <param name="Descriptor">What it is.</param>
/// <param name="Service">Who has it.</param>
internal sealed record BenchMethod(MethodDescriptor Descriptor, MeshService Service)
{
    private static readonly (FileDescriptor File, MeshService Service)[] _files =
    [
        (HealthReflection.Descriptor, MeshService.Gateway),
        (GatewayReflection.Descriptor, MeshService.Gateway),
        (RewardReflection.Descriptor, MeshService.Gateway),
        (GeneratorReflection.Descriptor, MeshService.Generator),
        (CaptionerReflection.Descriptor, MeshService.Captioner),
        (TaggerReflection.Descriptor, MeshService.Tagger),
        (SceneScorerReflection.Descriptor, MeshService.SceneScorer),
        (SegmenterReflection.Descriptor, MeshService.Segmenter),
    ];

    private static readonly Dictionary<string, (string Method, Func<BenchInputs, IMessage> Request)> _short = new(StringComparer.OrdinalIgnoreCase)
    {
        ["health"] = ("Health/Check", _ => new HealthCheckRequest()),
        ["realign"] = ("GatewayService/Realign", inputs => new RealignRequest { Generate = inputs.Generate }),
        ["generate"] = ("GeneratorService/Generate", inputs => inputs.Generate),
        ["caption"] = ("CaptionerService/Caption", inputs => new CaptionRequest { Image = inputs.Picture() }),
        ["tag"] = ("TaggerService/Tag", inputs => new TagRequest { Image = inputs.Picture() }),
        ["scene"] = ("SceneScorerService/ScoreScene", inputs => new ScoreSceneRequest { Prompt = inputs.Prompt, Tags = { inputs.Phrases } }),
        ["entities"] = ("SceneScorerService/ExtractEntities", inputs => new ExtractEntitiesRequest { Prompt = inputs.Prompt }),
        ["segment"] = ("SegmenterService/Segment", inputs => new SegmentRequest { Image = inputs.Picture(), Phrases = { inputs.Phrases } }),
        ["reward"] = ("RewardService/Score", inputs => new ScoreRequest { Items = { inputs.Item() }, Rewards = { inputs.Rewards } }),
    };

    /// <summary>The short names.</summary>
    public static IReadOnlyCollection<string> ShortNames => _short.Keys;

    /// <summary>As messages name it, e.g. <c>CaptionerService/Caption</c>.</summary>
    public string Name => $"{Descriptor.Service.Name}/{Descriptor.Name}";

    /// <summary>Finds a method.</summary>
    /// <exception cref="CliException">There is none of that name, or it cannot be called over and over.</exception>
    public static BenchMethod Find(string name)
    {
        var wanted = _short.TryGetValue(name, out var entry) ? entry.Method : name;
        var all = _files.SelectMany(file => file.File.Services.SelectMany(service => service.Methods.Select(method => new BenchMethod(method, file.Service))))
            .Where(method => !method.Descriptor.IsClientStreaming).ToList();
        // with or without the package of its service
        return all.Find(method => string.Equals(method.Name, wanted[(wanted.LastIndexOf('.') + 1)..], StringComparison.OrdinalIgnoreCase))
            ?? throw new CliException(
                $"there is no method '{name}': use {string.Join(", ", ShortNames)}, or one of {string.Join(", ", all.Select(method => method.Name))}",
                ExitCodes.Usage);
    }

    /// <summary>The request.</summary>
    /// <param name="name">The name that the method was found by.</param>
    /// <param name="inputs">What short names make requests of.</param>
    /// <param name="body">Fields as JSON that go over those; null = none.</param>
    /// <exception cref="CliException">It is no JSON of such a request.</exception>
    public IMessage Request(string name, BenchInputs inputs, string? body)
    {
        var request = _short.TryGetValue(name, out var entry) ? entry.Request(inputs) : Descriptor.InputType.Parser.ParseFrom([]);
        if (body is null)
            return request;
        try
        {
            request.MergeFrom(JsonParser.Default.Parse(body, Descriptor.InputType).ToByteArray());
            return request;
        }
        catch (Exception exception) when (exception is InvalidJsonException or InvalidProtocolBufferException or FormatException)
        {
            throw new CliException($"--body is no {Descriptor.InputType.Name}: {exception.Message}", ExitCodes.Usage);
        }
    }

    /// <summary>The least that a method can be asked for: one step where it draws, else the request itself.</summary>
    public static IMessage Smallest(IMessage request)
    {
        switch (request)
        {
            case GenerateRequest generate:
                return OneStep(generate.Clone());
            case RealignRequest realign:
                var small = realign.Clone();
                small.Generate = OneStep(small.Generate ?? new GenerateRequest());
                return small;
            default:
                return request;
        }
    }

    private static GenerateRequest OneStep(GenerateRequest generate)
    {
        generate.NumInferenceSteps = 1;
        return generate;
    }
}
