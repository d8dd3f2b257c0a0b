using System.Globalization;
using Realign.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Preference;

/// <summary>
/// The head of LAION's aesthetic predictor, which ImageReward took over: five linear layers to one number. There is no activation between them: so it
/// was trained.
/// </summary>
internal sealed class LinearHead : nn.Module<Tensor, Tensor>
{
    // places of the linear layers in the published list, dropouts between them
    private static readonly int[] FileIndices = [0, 2, 4, 6, 7];

    private readonly ModuleList<Linear> layers = [];

    /// <param name="inputWidth">Width of its input.</param>
    /// <param name="widths">Outputs of the layers, the last one 1.</param>
    public LinearHead(long inputWidth, IReadOnlyList<long> widths)
        : base(nameof(LinearHead))
    {
        foreach (var width in widths)
        {
            layers.Add(new Linear(inputWidth, width));
            inputWidth = width;
        }

        RegisterComponents();
    }

    /// <summary>Outputs of the layers as the weights have them; the published ones where a layer is missing.</summary>
    /// <param name="weights">Of a published file.</param>
    /// <param name="prefix">In front of <c>layers.</c></param>
    /// <param name="published">Five widths.</param>
    public static long[] WidthsOf(SafetensorsSet weights, string prefix, IReadOnlyList<long> published) =>
        [.. FileIndices.Select((index, position) =>
            weights.Entries.TryGetValue($"{prefix}layers.{index}.weight", out var entry) && entry.Shape.Count == 2 ? entry.Shape[0] : published[position])];

    /// <summary>The module's key of a published one, both without prefix.</summary>
    public static string Rename(string key)
    {
        if (key.Split('.') is not ["layers", var index, var parameter])
            return key;
        var position = Array.FindIndex(FileIndices, item => item.ToString(CultureInfo.InvariantCulture) == index);
        return position < 0 ? key : $"layers.{position}.{parameter}";
    }

    /// <summary>(B, C) -> (B, 1).</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return layers.Aggregate(input, (states, layer) => layer.forward(states)).MoveToOuterDisposeScope();
    }
}
