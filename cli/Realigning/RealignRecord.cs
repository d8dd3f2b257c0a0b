using System.Text.Json.Nodes;
using Google.Protobuf;
using Realign.Cli.Pictures;
using Realign.V1;

namespace Realign.Cli.Realigning;

/// <summary>Everything one Realign call sent.</summary>
internal sealed class RealignRecord(GenerateRequest request)
{
    private readonly SortedDictionary<int, AttemptRecord> _attempts = [];

    public GenerateRequest Request { get; } = request;

    /// <summary>What the prompt demands; null when the Gateway did not say.</summary>
    public Demand? Demand { get; private set; }

    public RealignResult Result { get; private set; } = new();

    /// <summary>The attempts that were begun, in order.</summary>
    public IReadOnlyCollection<AttemptRecord> Attempts => _attempts.Values;

    /// <summary>The attempt that the result comes from.</summary>
    public AttemptRecord Accepted => _attempts.GetValueOrDefault(Result.Accepted?.Attempt ?? 1) ?? throw WithoutImage();

    /// <summary>Which of that attempt's images the result is.</summary>
    public PictureKind AcceptedPicture => Result.Refined ? PictureKind.Refined : PictureKind.Coarse;

    /// <summary>The coarse image of the accepted attempt.</summary>
    public GenerateResult Coarse => Accepted.Coarse ?? throw WithoutImage();

    /// <summary>The refined image of the accepted attempt, else its coarse one, PNG.</summary>
    public ByteString RefinedPng => (Accepted.Refined ?? Coarse).Images[0].Png;

    /// <summary>Whether the result shows what the prompt demands; false when nobody looked.</summary>
    public bool IsVerified => Result.Verification?.Verified == true;

    /// <summary>The seed of the result.</summary>
    public ulong Seed => Coarse.Images[0].Seed;

    /// <summary>The seed of the first attempt: with it the call gives the same images again.</summary>
    public ulong FirstSeed => Attempts.First().Seed ?? Seed;

    /// <summary>Takes an event of the stream. A Gateway that knows no attempts sends the events of one.</summary>
    public void Add(RealignResponse response)
    {
        switch (response.EventCase)
        {
            case RealignResponse.EventOneofCase.Demand:
                Demand = response.Demand;
                break;
            case RealignResponse.EventOneofCase.Accepted:
                break;
            case RealignResponse.EventOneofCase.Result:
                Result = response.Result;
                foreach (var report in Result.Attempts)
                    Attempt(report.Attempt).Add(report);
                break;
            default:
                Attempt(response.Attempt).Add(response);
                break;
        }
    }

    /// <summary>The masks that steered, or where nothing did, all that were found; with their legend.</summary>
    public IReadOnlyList<MaskLayer> Layers()
    {
        var used = MaskLayer.Of(Result.Segments, segment => segment.Phrase, segment => segment.Mask,
            (segment, mask) => FormattableString.Invariant($"score {segment.Score:0.#}, {mask.Share:P0} of the image"));
        return Result.Segments.Count > 0 ? used : MaskLayer.Of(Accepted.Segments?.Phrases ?? [], phrase => phrase.Phrase, phrase => phrase.Mask, (_, _) =>
            "found, not used");
    }

    public byte[] MasksPng() => MaskOverlay.Draw(Coarse.Images[0].Png, Layers());

    public byte[]? HeatMapsPng() => HeatMapSheet.Draw(Accepted.Refined is { } refined ? [("coarse", Coarse), ("refined", refined)] : [("coarse", Coarse)]);

    /// <summary>All of it but the pixels, for machines: what the accepted attempt brought, then every attempt.</summary>
    public JsonObject ToJson()
    {
        var accepted = Accepted.ToJson();
        return new JsonObject
        {
            ["prompt"] = Request.Prompt,
            ["seed"] = Seed,
            ["refined"] = Result.Refined,
            ["not_refined_because"] = Result.NotRefinedBecause,
            ["accepted"] = Node(Result.Accepted),
            ["verified"] = IsVerified,
            ["verification"] = Node(Result.Verification),
            ["demand"] = Node(Demand),
            ["request"] = Terminal.ToJson(Request),
            ["coarse"] = accepted["coarse"]?.DeepClone(),
            ["tags"] = accepted["tags"]?.DeepClone(),
            ["caption"] = accepted["caption"]?.DeepClone(),
            ["scene"] = accepted["scene"]?.DeepClone(),
            ["segments"] = accepted["segments"]?.DeepClone(),
            ["refine"] = accepted["refine"]?.DeepClone(),
            ["failures"] = new JsonArray([.. Attempts.SelectMany(attempt => attempt.Failures.Select(entry => new JsonObject
            {
                ["attempt"] = attempt.Number, ["stage"] = StageBars.NameOf(entry.Stage), ["code"] = entry.Failure.Code, ["message"] = entry.Failure.Message,
            }))]),
            ["used_segments"] = new JsonArray([.. Result.Segments.Select(segment => Terminal.ToJson(segment))]),
            ["unused"] = new JsonArray([.. Result.Unused.Select(entry => Terminal.ToJson(entry))]),
            ["timings"] = new JsonArray([.. Result.Timings.Select(timing => new JsonObject
            {
                ["attempt"] = timing.Attempt, ["stage"] = StageBars.NameOf(timing.Stage), ["start_milliseconds"] = timing.StartMilliseconds,
                ["duration_milliseconds"] = timing.DurationMilliseconds,
            })]),
            ["total_milliseconds"] = Result.TotalMilliseconds,
            ["attempts"] = new JsonArray([.. Attempts.Select(attempt => attempt.ToJson())]),
        };
    }

    private AttemptRecord Attempt(int number)
    {
        var key = Math.Max(1, number);
        if (!_attempts.TryGetValue(key, out var attempt))
            _attempts[key] = attempt = new AttemptRecord(key);
        return attempt;
    }

    private static CliException WithoutImage() => new("the gateway ended without an image", ExitCodes.Failure);

    private static JsonNode? Node(IMessage? message) => message is null ? null : Terminal.ToJson(message);
}
