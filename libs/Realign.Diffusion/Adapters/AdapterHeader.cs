using Realign.Diffusion.Adapters.Formats;
using Realign.Diffusion.Checkpoints;
using Realign.Safetensors;

namespace Realign.Diffusion.Adapters;

/// <summary>Reads what an adapter is for out of its header. Needs no model.</summary>
public static class AdapterHeader
{
    private const int MostRanks = 16;

    // beginnings of layer names -> component; the longest first
    private static readonly (string Beginning, string Component)[] Components =
    [
        ("lora_te2", "text_encoder_2"), ("text_encoder_2", "text_encoder_2"), ("clip_g", "text_encoder_2"), ("text_encoders.clip_g", "text_encoder_2"),
        ("lora_te", "text_encoder"), ("text_encoder", "text_encoder"), ("clip_", "text_encoder"), ("text_model", "text_encoder"),
    ];

    /// <summary>Whether a file has keys of an adapter.</summary>
    public static bool IsAdapter(SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return AdapterContents.IsAdapter(file);
    }

    /// <summary>What the header tells; a problem where it is not in order by itself.</summary>
    /// <param name="file">An open file.</param>
    /// <param name="name">Name in the summary.</param>
    public static AdapterSummary Read(SafetensorsFile file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Describe(file, name, AdapterContents.Of(file));
    }

    /// <summary>What is wrong in a file by itself: missing halves, keys of other kinds; nothing of whether it fits a model.</summary>
    public static IReadOnlyList<string> Problems(SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        var contents = AdapterContents.Of(file);
        return [.. contents.Problems, .. contents.Layers.SelectMany(item => AdapterLayout.ProblemsOf(item.Value, item.Key, null, null))];
    }

    internal static AdapterSummary Describe(SafetensorsFile file, string name, AdapterContents contents)
    {
        var training = new TrainingMetadata(file.Metadata);
        return new AdapterSummary
        {
            Name = name,
            Bytes = file.Length,
            Family = FamilyOf(contents) ?? training.Family,
            Kinds = [.. contents.Layers.Values.SelectMany(KindsOf).Distinct().Order()],
            Ranks = [.. contents.Layers.Values.Select(RankOf).OfType<long>().Distinct().Order().Take(MostRanks)],
            Components = [.. contents.Layers.Keys.Select(ComponentOf).Distinct()
                .OrderBy(part => part != AdapterTarget.UNet).ThenBy(part => part, StringComparer.Ordinal)],
            Layers = contents.Layers.Count,
            Title = training.Title,
            TriggerWords = training.TriggerWords,
            Embeddings = [.. contents.Embeddings.Keys.Order(StringComparer.Ordinal)],
        };
    }

    private static string ComponentOf(string layer)
    {
        var name = layer.Replace("base_model.model.", "", StringComparison.Ordinal);
        return Components.FirstOrDefault(item => name.StartsWith(item.Beginning, StringComparison.Ordinal)).Component ?? AdapterTarget.UNet;
    }

    private static IEnumerable<AdapterKind> KindsOf(LayerKeys keys)
    {
        if (keys.Has(AdapterPart.Magnitude))
            yield return AdapterKind.DoRA;
        foreach (var format in LayerFormat.Of(keys))
        {
            switch (format)
            {
                case LowRankFormat when keys.Has(AdapterPart.Magnitude):
                    break;
                case LowRankFormat:
                    yield return keys.Has(AdapterPart.Mid) || (keys.TryGet(AdapterPart.Down, out var down) && !Shapes.IsMatrix(down.Shape))
                        ? AdapterKind.LoCon : AdapterKind.LoRA;
                    break;
                case HadamardFormat:
                    yield return AdapterKind.LoHa;
                    break;
                case KroneckerFormat:
                    yield return AdapterKind.LoKr;
                    break;
                default:
                    yield return AdapterKeys.IsNorm(keys.Entries[AdapterPart.WeightDifference].Name) ? AdapterKind.Norm : AdapterKind.Full;
                    break;
            }
        }

        if (keys.TryGet(AdapterPart.BiasDifference, out var bias) && !AdapterKeys.IsNorm(bias.Name))
            yield return AdapterKind.Full;
    }

    private static long? RankOf(LayerKeys keys)
    {
        var formats = LayerFormat.Of(keys);
        return formats is [var format] && !format.Problems(keys, "", null).Any() ? format.Rank(keys) : null;
    }

    // keys of cross-attention see the text: its width tells the families apart
    private static CheckpointFamily? FamilyOf(AdapterContents contents)
    {
        if (contents.Layers.Keys.Any(layer => ComponentOf(layer) == "text_encoder_2")
            || contents.Embeddings.Values.Any(tensors => tensors.ContainsKey("clip_g")))
        {
            return CheckpointFamily.StableDiffusionXL;
        }

        foreach (var (layer, keys) in contents.Layers)
        {
            if (layer.Contains("attn2", StringComparison.Ordinal) && layer.EndsWith("to_k", StringComparison.Ordinal) && InputsOf(keys) is { } width
                && OfWidth(width) is { } family)
            {
                return family;
            }
        }

        return null;
    }

    private static CheckpointFamily? OfWidth(long width) => width switch
    {
        768 => CheckpointFamily.StableDiffusion1,
        1024 => CheckpointFamily.StableDiffusion2,
        2048 => CheckpointFamily.StableDiffusionXL,
        _ => null,
    };

    private static long? InputsOf(LayerKeys keys) =>
        keys.TryGet(AdapterPart.Down, out var entry) || keys.TryGet(AdapterPart.Hada1B, out entry) || keys.TryGet(AdapterPart.WeightDifference, out entry)
            ? entry.Shape is [_, var width, ..] ? width : null
            : KroneckerFormat.InputsOf(keys);
}
