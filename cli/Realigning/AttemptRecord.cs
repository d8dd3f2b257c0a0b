using System.Text.Json.Nodes;
using Google.Protobuf;
using Realign.V1;

namespace Realign.Cli.Realigning;

/// <summary>What one attempt of a call sent.</summary>
/// <param name="number">From 1.</param>
internal sealed class AttemptRecord(int number)
{
    private ulong? _announcedSeed;

    public int Number { get; } = number;

    public GenerateResult? Coarse { get; private set; }

    public TagResponse? Tags { get; private set; }

    public CaptionResponse? Caption { get; private set; }

    public ScoreSceneResponse? Scene { get; private set; }

    public SegmentResponse? Segments { get; private set; }

    public GenerateResult? Refined { get; private set; }

    public Verification? CoarseVerification { get; private set; }

    public Verification? RefinedVerification { get; private set; }

    public List<(Stage Stage, StageFailed Failure)> Failures { get; } = [];

    /// <summary>Why it ended early or could not be refined; empty otherwise.</summary>
    public string Note { get; private set; } = "";

    /// <summary>Its seed; null when it ended before the Generator reported one.</summary>
    public ulong? Seed => Coarse?.Images[0].Seed ?? _announcedSeed;

    /// <summary>Its images that were drawn, the coarse one first, and what they show; null where an image was not compared with the prompt.</summary>
    public IEnumerable<(PictureKind Picture, ByteString Png, Verification? Verification)> Pictures()
    {
        if (Coarse is { } coarse)
            yield return (PictureKind.Coarse, coarse.Images[0].Png, CoarseVerification);
        if (Refined is { } refined)
            yield return (PictureKind.Refined, refined.Images[0].Png, RefinedVerification);
    }

    /// <summary>Takes an event of the attempt.</summary>
    public void Add(RealignResponse response)
    {
        switch (response.EventCase)
        {
            case RealignResponse.EventOneofCase.AttemptStarted:
                _announcedSeed = response.AttemptStarted.HasSeed ? response.AttemptStarted.Seed : null;
                break;
            case RealignResponse.EventOneofCase.Coarse:
                Coarse = response.Coarse;
                break;
            case RealignResponse.EventOneofCase.Tags:
                Tags = response.Tags;
                break;
            case RealignResponse.EventOneofCase.Caption:
                Caption = response.Caption;
                break;
            case RealignResponse.EventOneofCase.Scene:
                Scene = response.Scene;
                break;
            case RealignResponse.EventOneofCase.Segments:
                Segments = response.Segments;
                break;
            case RealignResponse.EventOneofCase.Refined:
                Refined = response.Refined;
                break;
            case RealignResponse.EventOneofCase.Verification when response.Verification.Picture == PictureKind.Refined:
                RefinedVerification = response.Verification;
                break;
            case RealignResponse.EventOneofCase.Verification:
                CoarseVerification = response.Verification;
                break;
            case RealignResponse.EventOneofCase.Failed:
                Failures.Add((response.Stage, response.Failed));
                break;
        }
    }

    /// <summary>Takes what the end of the call says of it.</summary>
    public void Add(AttemptReport report) => Note = report.Note;

    /// <summary>All of it but the pixels, for machines.</summary>
    public JsonObject ToJson() => new()
    {
        ["attempt"] = Number,
        ["seed"] = Seed,
        ["note"] = Note,
        ["coarse"] = Generated(Coarse),
        ["tags"] = Node(Tags),
        ["caption"] = Node(Caption),
        ["scene"] = Node(Scene),
        ["segments"] = Node(Segments),
        ["refine"] = Generated(Refined),
        ["coarse_verification"] = Node(CoarseVerification),
        ["refined_verification"] = Node(RefinedVerification),
    };

    private static JsonNode? Node(IMessage? message) => message is null ? null : Terminal.ToJson(message);

    private static JsonNode? Generated(GenerateResult? result)
    {
        if (result is null)
            return null;
        var copy = result.Clone();
        foreach (var image in copy.Images)
            image.Png = ByteString.Empty;
        copy.HeatMaps.Clear();
        return Terminal.ToJson(copy);
    }
}
