using System.Globalization;
using System.Text.RegularExpressions;
using Realign.Torch;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace Realign.Conformance.Suites.Onnx;

/// <summary>
/// The libtorch calls that the pack names, evaluated from their text: function, tensor names, numbers. Calls that the text only describes in
/// words have none here and are compared through the runtime alone.
/// </summary>
internal static partial class TorchCalls
{
    /// <summary>The call of a case; null when its text is not one of the forms known here.</summary>
    public static Func<Func<string, Tensor>, Tensor[]>? Find(string name, string text)
    {
        var match = CallPattern().Match(text);
        if (!match.Success)
            return null;
        var arguments = match.Groups[2].Value;
        Scalar Number(int index) => Scalars.Of(Numbers(arguments)[index]);
        long Long(int index) => (long)Numbers(arguments)[index];
        int Int(int index) => (int)Numbers(arguments)[index];
        return match.Groups[1].Value switch
        {
            "relu" => One(t => relu(t("x"))),
            "sigmoid" => One(t => Sigmoid(t("x"))),
            "tanh" => One(t => t("x").tanh()),
            "exp" => One(t => t("x").exp()),
            "neg" => One(t => t("x").neg()),
            "abs" => One(t => t("x").abs()),
            "floor" => One(t => t("x").floor()),
            "ceil" => One(t => t("x").ceil()),
            "round" => One(t => t("x").round()),
            "sin" => One(t => t("x").sin()),
            "cos" => One(t => t("x").cos()),
            "erf" => One(t => t("x").erf()),
            "sign" => One(t => t("x").sign()),
            "sqrt" => One(t => t("x").sqrt()),
            "log" => One(t => t("x").log()),
            "reciprocal" => One(t => t("x").reciprocal()),
            "isnan" => One(t => t("x").isnan()),
            "silu" => One(t => silu(t("x"))),
            "gelu" when arguments == "x" => One(t => gelu(t("x"))),
            "softmax" => One(t => softmax(t("x"), Long(0))),
            "log_softmax" => One(t => log_softmax(t("x"), Long(0))),
            "leaky_relu" => One(t => t("x").leaky_relu(Number(0))),
            "pow" => One(t => t("x").pow(Number(0))),
            "clamp" when Numbers(arguments).Length == 2 => One(t => t("x").clamp(Number(0), Number(1))),
            "linear" when text == $"linear({arguments})" || name.StartsWith("gemm_linear", StringComparison.Ordinal) =>
                One(t => linear(t("x"), t("w"), t("b"))),
            "einsum" => One(t => einsum(QuotePattern().Match(arguments).Groups[1].Value, t("a"), t("b"))),
            "layer_norm" when arguments.Contains("[C]", StringComparison.Ordinal) =>
                One(t => layer_norm(t("x"), [t("x").shape[^1]], t("w"), t("b"), Numbers(arguments)[^1])),
            "group_norm" => One(t => group_norm(t("x"), Long(0), t("w").flatten(), t("b").flatten(), Numbers(arguments)[^1])),
            "conv2d" when arguments.Contains("dilation=", StringComparison.Ordinal) => One(t => conv2d(t("x"), t("w"),
                arguments.Contains(" b,", StringComparison.Ordinal) ? t("b") : null, Pair(arguments, "stride"), Pair(arguments, "padding"),
                    Pair(arguments, "dilation"), Named(arguments, "groups"))),
            "interpolate" when arguments.Contains("align_corners", StringComparison.Ordinal) => One(t => interpolate(t("x"), [Long(0), Long(1)], null,
                arguments.Contains("bicubic", StringComparison.Ordinal) ? InterpolationMode.Bicubic : InterpolationMode.Bilinear,
                arguments.Contains("align_corners=True", StringComparison.Ordinal))),
            "interpolate" when arguments.StartsWith("x, (", StringComparison.Ordinal) && arguments.Contains("nearest", StringComparison.Ordinal) =>
                One(t => interpolate(t("x"), [Long(0), Long(1)], null, InterpolationMode.Nearest)),
            "amax" => One(t => t("x").amax([Long(0)])),
            "amin" => One(t => t("x").amin([])),
            "argmax" => One(t => t("x").argmax(Long(0))),
            "argmin" => One(t => t("x").argmin(Long(0), keepdim: true)),
            "cumsum" => One(t => t("x").cumsum(Long(0))),
            "tril" => One(t => t("x").tril()),
            "triu" => One(t => t("x").triu(Long(0))),
            "gather" => One(t => t("x").gather(Long(0), t("i"))),
            "scatter" => One(t => t("x").scatter(Long(0), t("i"), t("u"))),
            "scatter_add" => One(t => t("x").scatter_add(Long(0), t("i"), t("u"))),
            "where" => One(t => where(t("c"), t("a"), t("b"))),
            "masked_fill" => One(t => t("x").masked_fill(t("m"), Scalars.Of(double.NegativeInfinity))),
            "embedding" => One(t => t("w").index_select(0, t("i").flatten()).reshape([.. t("i").shape, t("w").shape[1]])),
            "cat" => One(t => cat([t("a"), t("b")], Long(0))),
            "stack" => One(t => stack([t("a"), t("b")], Long(0))),
            "flip" => One(t => t("x").flip(Long(0))),
            "roll" => One(t => t("x").roll(Long(0), Long(1))),
            "split" => t => t("x").split([.. Numbers(arguments)[..^1].Select(size => (long)size)], Long(Numbers(arguments).Length - 1)),
            "chunk" => t => t("x").chunk(Int(0), Long(1)),
            "pixel_shuffle" => One(t => pixel_shuffle(t("x"), Int(0))),
            "max_pool2d" => One(t => max_pool2d(t("x"), Long(0), Long(1), Long(2))),
            "addcmul" => One(t => t("a").addcmul(t("b"), t("c"), Number(0))),
            "fmod" => One(t => t("a").fmod(t("b"))),
            "remainder" => One(t => t("a").remainder(t("b"))),
            "scaled_dot_product_attention" => One(t => scaled_dot_product_attention(t("q"), t("k"), t("v"), t("mask"))),
            _ => null,
        };
    }

    private static Tensor Sigmoid(Tensor x) => x.sigmoid();

    private static Func<Func<string, Tensor>, Tensor[]> One(Func<Func<string, Tensor>, Tensor> call) => tensors => [call(tensors)];

    private static double[] Numbers(string arguments) =>
        [.. NumberPattern().Matches(arguments).Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture))];

    private static long[] Pair(string arguments, string key) =>
        [.. Numbers(Regex.Match(arguments, $@"{key}=\[([^\]]*)\]").Groups[1].Value).Select(value => (long)value)];

    private static long Named(string arguments, string key) => long.Parse(Regex.Match(arguments, $@"{key}=(\d+)").Groups[1].Value,
        CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\w+)\((.*)\)(?:\s.*|:.*)?$")]
    private static partial Regex CallPattern();

    [GeneratedRegex(@"'([^']*)'")]
    private static partial Regex QuotePattern();

    [GeneratedRegex(@"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?!\w)")]
    private static partial Regex NumberPattern();
}
