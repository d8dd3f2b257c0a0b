using Realign.V1;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>What the readers see in an image.</summary>
internal sealed record Seen
{
    /// <summary>A red car over the left half.</summary>
    public static Seen RedCar => new() { Found = { ["car"] = [Colored(0, 4, 0.8f, ("red", 0.9f), ("black", 0.1f))] } };

    /// <summary>A blue car over the left half.</summary>
    public static Seen BlueCar => new() { Found = { ["car"] = [Colored(0, 4, 0.8f, ("blue", 0.9f), ("black", 0.1f))] } };

    /// <summary>Nothing that anybody can name.</summary>
    public static Seen Nothing => new() { Tags = [] };

    /// <summary>Names of the tags; null = the nouns of <see cref="Found"/>.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Detections by phrase.</summary>
    public Dictionary<string, Detection[]> Found { get; init; } = [];

    /// <summary>The segmenter's color table.</summary>
    public IReadOnlyList<string> ColorNames { get; init; } = ["red", "blue", "pink", "black", "white"];

    public string Caption { get; init; } = "a picture";

    public float Likelihood { get; init; } = -1;

    /// <summary>A detection in columns from..to (exclusive) of a picture of 10 x 4, with colors inside its mask.</summary>
    public static Detection Colored(int from, int to, float score, params (string Name, float Share)[] colors)
    {
        var detection = FakeBehavior.Column(from, to, score);
        detection.Colors.AddRange(colors.Select(color => new ColorShare { Name = color.Name, Share = color.Share }));
        return detection;
    }

    public static Entity Entity(string noun, string attributes = "", int count = 0, int instance = 1, bool plural = false) => new()
    {
        Noun = noun,
        Attributes = { attributes.Split(' ', StringSplitOptions.RemoveEmptyEntries) },
        Count = count,
        Instance = instance,
        Plural = plural,
        Phrase = $"a {attributes} {noun}",
    };

    /// <summary>Every image of the mesh shows this, as its readers see it, unless <paramref name="pick"/> picks something else by the image's text.</summary>
    public static void Show(FakeMesh mesh, Func<string, Seen> pick, params Entity[] demand)
    {
        var behavior = mesh.Behavior;
        behavior.Entities = _ => new ExtractEntitiesResponse { Entities = { demand } };
        behavior.Tag = request => new TagResponse
        {
            Tags = { TagsOf(Of(request.Image)).Select(tag => new Tag { Name = tag, Groundable = true }) },
        };
        behavior.Caption = request => new CaptionResponse { Caption = Of(request.Image).Caption };
        behavior.ScorePrompt = request => new ScorePromptResponse
        {
            Scores = { request.Items.Select(item => new PromptScore { Score = Of(item.Image).Likelihood }) },
        };
        behavior.Segment = behavior.Ground = request => new SegmentResponse
        {
            ColorNames = { Of(request.Image).ColorNames },
            Phrases =
            {
                request.Phrases.Select(phrase => new GroundedPhrase
                {
                    Phrase = phrase,
                    Detections = { Of(request.Image).Found.GetValueOrDefault(phrase, []) },
                }),
            },
        };

        Seen Of(Image image) => pick(image.Encoded.ToStringUtf8());

        IEnumerable<string> TagsOf(Seen seen) => seen.Tags ?? seen.Found.Keys.Where(phrase => demand.Any(entity => entity.Noun == phrase));
    }
}
