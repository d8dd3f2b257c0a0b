using Realign.Core.Errors;

namespace Realign.Diffusion.TextualInversion;

/// <summary>
/// Where a file of textual inversion (Gal et al. 2022) keeps its vectors: one tensor under any key (diffusers' <c>&lt;token&gt;</c>, <c>emb_params</c> of web
/// UIs) for models with one text encoder, <c>clip_l</c> and <c>clip_g</c> for XL.
/// </summary>
public sealed record EmbeddingLayout
{
    private static readonly (string First, string Second)[] XlKeys = [("clip_l", "clip_g"), ("text_encoders_0", "text_encoders_1")];
    private static readonly string[] PlainKeys = ["emb_params", "clip_l"];

    private EmbeddingLayout(IReadOnlyList<string> keys, int vectors, IReadOnlyList<long> widths)
    {
        Keys = keys;
        Vectors = vectors;
        Widths = widths;
    }

    /// <summary>Key of the vectors of each text encoder.</summary>
    public IReadOnlyList<string> Keys { get; }

    /// <summary>Vectors, which stand side by side in the prompt; the same number for each text encoder.</summary>
    public int Vectors { get; }

    /// <summary>Width of each text encoder.</summary>
    public IReadOnlyList<long> Widths { get; }

    /// <summary>The word that the file itself gives its embedding (diffusers); null = it gives none.</summary>
    public string? OwnToken => Keys is [var key] && !PlainKeys.Contains(key) && !IsParameter(key) ? key : null;

    /// <summary>What models with these widths are called.</summary>
    public string Family => FamilyOf(Widths);

    /// <summary>Reads shapes.</summary>
    /// <param name="name">The file, for errors.</param>
    /// <param name="shapes">Of all its tensors.</param>
    /// <exception cref="ModelLoadException">It is no embedding.</exception>
    public static EmbeddingLayout Read(string name, IReadOnlyDictionary<string, IReadOnlyList<long>> shapes)
    {
        ArgumentNullException.ThrowIfNull(shapes);
        if (shapes.Keys.FirstOrDefault(key => key.EndsWith("_out", StringComparison.Ordinal)) is { } output)
        {
            throw new ModelLoadException(name, $"key '{output}' holds vectors behind the text encoder (OneTrainer's output embeddings), which are not read",
                "train it without them");
        }

        var pair = Array.Find(XlKeys, keys => shapes.ContainsKey(keys.Second));
        IReadOnlyList<string> keys = pair.Second is not null ? [pair.First, pair.Second] : [.. shapes.Keys];
        if (!shapes.Keys.Order(StringComparer.Ordinal).SequenceEqual(keys.Order(StringComparer.Ordinal)) || (pair.Second is null && keys.Count != 1))
        {
            throw new ModelLoadException(name, $"it has {shapes.Count} tensor(s) ({string.Join(", ", shapes.Keys.Order(StringComparer.Ordinal).Take(4))}): "
                + "an embedding has one, or clip_l and clip_g", "use a file of textual inversion; an adapter (LoRA) goes into adapters");
        }

        foreach (var key in keys)
        {
            if (shapes[key] is not ([_] or [_, _]) || shapes[key].Any(length => length is 0 or > int.MaxValue))
                throw Broken(name, $"key '{key}' has shape [{string.Join(", ", shapes[key])}], an embedding has [vectors, width]");
        }

        var vectors = keys.Select(key => shapes[key] is [var rows, _] ? rows : 1).Distinct().ToList();
        return vectors is [var count]
            ? new EmbeddingLayout(keys, (int)count, [.. keys.Select(key => shapes[key][^1])])
            : throw Broken(name, $"clip_l has {vectors[0]} vectors and clip_g {vectors[1]}: the words behind them would be at two places");
    }

    /// <summary>Whether it is for a model.</summary>
    /// <param name="name">The file, for errors.</param>
    /// <param name="widths">Width of each text encoder of the model.</param>
    /// <param name="room">Tokens of one text.</param>
    /// <exception cref="ModelLoadException">It is for another one, or has more vectors than a text has places.</exception>
    public void RequireFits(string name, IReadOnlyList<long> widths, int room)
    {
        // the refiner has the second text encoder of XL alone
        if (!Widths.SequenceEqual(widths) && !(widths.Count == 1 && Widths.Count == 2 && Widths[1] == widths[0]))
        {
            throw new ModelLoadException(name, $"it is for {Family}, and this model is {FamilyOf(widths)}",
                "use an embedding that was trained for this model's family");
        }

        if (Vectors > room)
            throw new ModelLoadException(name, $"it has {Vectors} vectors, and the text encoder reads {room} tokens", "use an embedding with fewer vectors");
    }

    // a pickle of web UIs, converted key by key
    private static bool IsParameter(string key) => key.StartsWith("string_to_param", StringComparison.Ordinal);

    private static ModelLoadException Broken(string name, string problem) => new(name, problem, "download the file again, or use another one");

    private static string FamilyOf(IReadOnlyList<long> widths) => widths switch
    {
        [768] => "Stable Diffusion 1.x (text width 768)",
        [1024] => "Stable Diffusion 2.x (text width 1024)",
        [768, 1280] => "Stable Diffusion XL (text widths 768 and 1280)",
        [1280] => "the refiner of Stable Diffusion XL (text width 1280)",
        [var one] => $"a model of text width {one}",
        _ => $"a model of text widths {string.Join(" and ", widths)}",
    };
}
