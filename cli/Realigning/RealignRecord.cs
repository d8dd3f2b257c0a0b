using System.Text.Json.Nodes;
using Google.Protobuf;
using Realign.Cli.Pictures;
using Realign.V1;

namespace Realign.Cli.Realigning;

/// <summary>Everything one Realign call sent.</summary>
internal sealed class RealignRecord(GenerateRequest request)
{
    public GenerateRequest Request { get; } = request;

    public GenerateResult Coarse { get; private set; } = new();

    public TagResponse? Tags { get; private set; }

    public CaptionResponse? Caption { get; private set; }

    public ScoreSceneResponse? Scene { get; private set; }

    public SegmentResponse? Segments { get; private set; }

    public GenerateResult? Refined { get; private set; }

    public List<(Stage Stage, StageFailed Failure)> Failures { get; } = [];

    public RealignResult Result { get; private set; } = new();

    public ulong Seed => Coarse.Images[0].Seed;

    /// <summary>Takes an event of the stream.</summary>
    public void Add(RealignResponse response)
    {
        switch (response.EventCase)
        {
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
            case RealignResponse.EventOneofCase.Failed:
                Failures.Add((response.Stage, response.Failed));
                break;
            case RealignResponse.EventOneofCase.Result:
                Result = response.Result;
                break;
        }
    }

    /// <summary>The masks that steered, or where nothing did, all that were found; with their legend.</summary>
    public IReadOnlyList<MaskLayer> Layers()
    {
        var used = MaskLayer.Of(Result.Segments, segment => segment.Phrase, segment => segment.Mask,
            (segment, mask) => FormattableString.Invariant($"score {segment.Score:0.#}, {mask.Share:P0} of the image"));
        return Result.Segments.Count > 0 ? used : MaskLayer.Of(Segments?.Phrases ?? [], phrase => phrase.Phrase, phrase => phrase.Mask, (_, _) =>
            "found, not used");
    }

    public byte[] MasksPng() => MaskOverlay.Draw(Coarse.Images[0].Png, Layers());

    public byte[]? HeatMapsPng() => HeatMapSheet.Draw(Refined is null ? [("coarse", Coarse)] : [("coarse", Coarse), ("refined", Refined)]);

    /// <summary>All of it but the pixels, for machines.</summary>
    public JsonObject ToJson() => new()
    {
        ["prompt"] = Request.Prompt,
        ["seed"] = Seed,
        ["refined"] = Result.Refined,
        ["not_refined_because"] = Result.NotRefinedBecause,
        ["request"] = Terminal.ToJson(Request),
        ["coarse"] = Generated(Coarse),
        ["tags"] = Node(Tags),
        ["caption"] = Node(Caption),
        ["scene"] = Node(Scene),
        ["segments"] = Node(Segments),
        ["refine"] = Refined is null ? null : Generated(Refined),
        ["failures"] = new JsonArray([.. Failures.Select(entry => new JsonObject
        {
            ["stage"] = StageBars.NameOf(entry.Stage), ["code"] = entry.Failure.Code, ["message"] = entry.Failure.Message,
        })]),
        ["used_segments"] = new JsonArray([.. Result.Segments.Select(segment => Terminal.ToJson(segment))]),
        ["unused"] = new JsonArray([.. Result.Unused.Select(entry => Terminal.ToJson(entry))]),
        ["timings"] = new JsonArray([.. Result.Timings.Select(timing => new JsonObject
        {
            ["stage"] = StageBars.NameOf(timing.Stage), ["start_milliseconds"] = timing.StartMilliseconds, ["duration_milliseconds"] =
                timing.DurationMilliseconds,
        })]),
        ["total_milliseconds"] = Result.TotalMilliseconds,
    };

    private static JsonNode? Node(IMessage? message) => message is null ? null : Terminal.ToJson(message);

    private static JsonNode Generated(GenerateResult result)
    {
        var copy = result.Clone();
        foreach (var image in copy.Images)
            image.Png = ByteString.Empty;
        copy.HeatMaps.Clear();
        return Terminal.ToJson(copy);
    }
}
