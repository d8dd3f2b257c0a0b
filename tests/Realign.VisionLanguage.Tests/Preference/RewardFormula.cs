using Realign.Clip;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Tests.Preference;

/// <summary>The rewards' definitions written down once more, in float64 and from the published numbers: pixels, cosine, head.</summary>
internal static class RewardFormula
{
    /// <summary>float64 on the CPU.</summary>
    public static TorchPlacement Double { get; } = new(CPU, ScalarType.Float64);

    private static readonly double[] Mean = [0.48145466, 0.4578275, 0.40821073];
    private static readonly double[] Std = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>HPS v2: the longer edge to S, black about it.</summary>
    public static Tensor Padded(Tensor unit, int side)
    {
        var (height, width) = ((int)unit.shape[2], (int)unit.shape[3]);
        var scale = (double)side / Math.Max(height, width);
        var resized = Bicubic(unit, (int)Math.Round(height * scale), (int)Math.Round(width * scale));
        var canvas = zeros(1, 3, side, side, dtype: ScalarType.Float64);
        var (top, left) = ((side - resized.shape[2]) / 2, (side - resized.shape[3]) / 2);
        canvas.narrow(2, top, resized.shape[2]).narrow(3, left, resized.shape[3]).copy_(resized);
        return Normalized(canvas);
    }

    /// <summary>The shorter edge to S, what is beyond it cut off.</summary>
    /// <param name="unit">(1, 3, H, W)</param>
    /// <param name="side">S.</param>
    /// <param name="halfIsEven">As torchvision rounds half a pixel; else down, as transformers does.</param>
    public static Tensor Cropped(Tensor unit, int side, bool halfIsEven)
    {
        var (height, width) = ((int)unit.shape[2], (int)unit.shape[3]);
        var (newHeight, newWidth) = height <= width ? (side, side * width / height) : (side * height / width, side);
        long Start(int edge) => halfIsEven ? (long)Math.Round((edge - side) / 2.0, MidpointRounding.ToEven) : (edge - side) / 2;
        return Normalized(Bicubic(unit, newHeight, newWidth).narrow(2, Start(newHeight), side).narrow(3, Start(newWidth), side));
    }

    /// <summary>Cosine of a CLIP's picture and text.</summary>
    public static Tensor Cosine(CLIPModel model, ClipTokenizer tokenizer, Tensor pixels, string prompt)
    {
        int[] ids = tokenizer.EncodePadded(prompt, model.Config.Text.MaxPositionEmbeddings).Ids;
        var text = model.TextFeatures(tensor(Array.ConvertAll(ids, id => (long)id), 1, ids.Length));
        var image = model.ImageFeatures(pixels);
        return image.mul(text).sum().div(image.square().sum().sqrt().mul(text.square().sum().sqrt()));
    }

    /// <summary>The five linear layers of a published head.</summary>
    public static Tensor Head(string path, string prefix, Tensor features)
    {
        using var file = SafetensorsFile.Open(path);
        foreach (var index in new[] { 0, 2, 4, 6, 7 })
        {
            var weight = TensorConvert.Read(file, $"{prefix}layers.{index}.weight").to(ScalarType.Float64);
            features = nn.functional.linear(features, weight, TensorConvert.Read(file, $"{prefix}layers.{index}.bias").to(ScalarType.Float64));
        }

        return features.sum();
    }

    private static Tensor Bicubic(Tensor unit, int height, int width)
    {
        var (rows, columns) = (Weights((int)unit.shape[2], height), Weights((int)unit.shape[3], width));
        return rows.expand(3, -1, -1).bmm(unit.squeeze(0)).bmm(columns.t().expand(3, -1, -1)).unsqueeze(0);
    }

    // Pillow's and libtorch's antialiased cubic, a = -0.5
    private static Tensor Weights(int from, int to)
    {
        var rows = new double[to, from];
        var scale = (double)from / to;
        var stretch = Math.Max(scale, 1);
        for (var row = 0; row < to; row++)
        {
            var center = (row + 0.5) * scale;
            var (first, last) = (Math.Max(0, (int)(center - (2 * stretch) + 0.5)), Math.Min(from, (int)(center + (2 * stretch) + 0.5)));
            double sum = 0;
            for (var column = first; column < last; column++)
                sum += rows[row, column] = Cubic((column - center + 0.5) / stretch);
            for (var column = first; column < last; column++)
                rows[row, column] /= sum;
        }

        return tensor(rows.Cast<double>().ToArray(), [to, from], dtype: ScalarType.Float64);
    }

    private static double Cubic(double at)
    {
        at = Math.Abs(at);
        return at < 1 ? (((1.5 * at) - 2.5) * at * at) + 1 : at < 2 ? (((((-0.5 * at) + 2.5) * at) - 4) * at) + 2 : 0;
    }

    private static Tensor Normalized(Tensor pixels) => pixels
        .sub(tensor(Mean, [1, 3, 1, 1], dtype: ScalarType.Float64)).div(tensor(Std, [1, 3, 1, 1], dtype: ScalarType.Float64));
}
