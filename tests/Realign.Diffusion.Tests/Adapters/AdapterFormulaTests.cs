using Realign.Diffusion.Adapters;
using Realign.Torch;
using Realign.Torch.Layers;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>What each kind of adapter makes of a weight W, against its formula in double precision: W + s D, and what the layer computes with it.</summary>
public sealed class AdapterFormulaTests(Miniature miniature, ITestOutputHelper output) : IClassFixture<Miniature>, IDisposable
{
    private const string Linear = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string Conv = "unet.conv_in";
    private const string Norm = "unet.mid_block.resnets.0.norm1";
    private const double Strength = 0.7;

    // rows and columns of W, kernels and all
    private const int Out = 192;
    private const int In = 128;
    private const int ConvOut = 96;
    private const int ConvIn = 8;

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-kinds").FullName;

    [Fact]
    public void LoRA() => Check(Linear, draft =>
    {
        var (down, up) = (draft.Add(Linear + ".lora_A.weight", 4, In), draft.Add(Linear + ".lora_B.weight", Out, 4));
        return Scaled(up.Times(down), draft.AddNumber(Linear + ".alpha", 3) / 4);
    });

    [Fact]
    public void LoCon() => Check(Conv, draft =>
    {
        var (down, up) = (draft.Add(Conv + ".lora_down.weight", 4, ConvIn, 3, 3), draft.Add(Conv + ".lora_up.weight", ConvOut, 4, 1, 1));
        return Scaled(up.Times(down), draft.AddNumber(Conv + ".alpha", 2) / 4);
    });

    [Fact]
    public void LoConInThreePieces() => Check(Conv, draft =>
    {
        var (down, up) = (draft.Add(Conv + ".lora_down.weight", 4, ConvIn, 1, 1), draft.Add(Conv + ".lora_up.weight", ConvOut, 4, 1, 1));
        var mid = draft.Add(Conv + ".lora_mid.weight", 4, 4, 3, 3);
        // sum over m, n of up[o, m] mid[m, n, k] down[n, i]
        var transposed = new DoubleTensor(4, ConvOut);
        for (var row = 0; row < 4; row++)
        {
            for (var column = 0; column < ConvOut; column++)
                transposed[row, column] = up[column, row];
        }

        return Scaled(mid.Tucker(transposed, down), draft.AddNumber(Conv + ".alpha", 1) / 4);
    });

    [Fact]
    public void DoRAOfRows() => Check(Linear, draft =>
    {
        var (down, up) = (draft.Add(Linear + ".lora_down.weight", 4, In), draft.Add(Linear + ".lora_up.weight", Out, 4));
        var norms = draft.Add(Linear + ".dora_scale", Out, 1);
        return Decomposed(Linear, Scaled(up.Times(down), draft.AddNumber(Linear + ".alpha", 2) / 4), norms, ofRows: true);
    });

    [Fact]
    public void DoRAOfPeft() => Check(Linear, draft =>
    {
        var (down, up) = (draft.Add(Linear + ".lora_A.weight", 4, In), draft.Add(Linear + ".lora_B.weight", Out, 4));
        return Decomposed(Linear, up.Times(down), draft.Add(Linear + ".lora_magnitude_vector", Out), ofRows: true);
    });

    [Fact]
    public void DoRAOfColumns() => Check(Linear, draft =>
    {
        var (down, up) = (draft.Add(Linear + ".lora_down.weight", 4, In), draft.Add(Linear + ".lora_up.weight", Out, 4));
        return Decomposed(Linear, up.Times(down), draft.Add(Linear + ".dora_scale", 1, In), ofRows: false);
    });

    [Theory]
    [InlineData(".dora_scale", false)]
    [InlineData(".lora_magnitude_vector.weight", true)]
    public void DoRAOfAConvolution(string key, bool ofRows) => Check(Conv, draft =>
    {
        var (down, up) = (draft.Add(Conv + ".lora_A.weight", 4, ConvIn, 3, 3), draft.Add(Conv + ".lora_B.weight", ConvOut, 4, 1, 1));
        return Decomposed(Conv, up.Times(down), draft.Add(Conv + key, 1, ofRows ? ConvOut : ConvIn, 1, 1), ofRows);
    });

    [Fact]
    public void LoHa() => Check(Linear, draft => Scaled(Hadamard(draft, Linear, Out, In), draft.AddNumber(Linear + ".alpha", 2) / 3));

    [Fact]
    public void LoHaOfAConvolution() => Check(Conv, draft => Hadamard(draft, Conv, ConvOut, ConvIn * 9));

    [Fact]
    public void LoHaWithDoRA() => Check(Linear, draft =>
        Decomposed(Linear, Hadamard(draft, Linear, Out, In), draft.Add(Linear + ".dora_scale", Out, 1), ofRows: true));

    [Fact]
    public void LoHaWithCores() => Check(Conv, draft =>
    {
        DoubleTensor Half(int number) => draft.Add($"{Conv}.hada_t{number}", 3, 3, 3, 3)
            .Tucker(draft.Add($"{Conv}.hada_w{number}_a", 3, ConvOut), draft.Add($"{Conv}.hada_w{number}_b", 3, ConvIn));
        return Scaled(Half(1).With(Half(2), (a, b) => a * b), draft.AddNumber(Conv + ".alpha", 1) / 3);
    });

    [Fact]
    public void LoKrWhole() => Check(Linear, draft =>
    {
        // alpha has no meaning where no factor is a product
        _ = draft.AddNumber(Linear + ".alpha", 5);
        return draft.Add(Linear + ".lokr_w1", 8, 4).Kron(draft.Add(Linear + ".lokr_w2", 24, 32), 32);
    });

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 5)]
    public void LoKrOfProducts(bool isSecondWhole, int rank) => Check(Linear, draft =>
    {
        var first = draft.Add(Linear + ".lokr_w1_a", 8, 3).Times(draft.Add(Linear + ".lokr_w1_b", 3, 4));
        var second = isSecondWhole ? draft.Add(Linear + ".lokr_w2", 24, 32)
            : draft.Add(Linear + ".lokr_w2_a", 24, 5).Times(draft.Add(Linear + ".lokr_w2_b", 5, 32));
        return Scaled(first.Kron(second, 32), draft.AddNumber(Linear + ".alpha", 2) / rank);
    });

    [Theory]
    [InlineData("whole")]
    [InlineData("product")]
    [InlineData("core")]
    public void LoKrOfAConvolution(string form) => Check(Conv, draft =>
    {
        var first = draft.Add(Conv + ".lokr_w1", 4, 2);
        var second = form switch
        {
            "whole" => draft.Add(Conv + ".lokr_w2", 24, 4, 3, 3),
            "product" => draft.Add(Conv + ".lokr_w2_a", 24, 3).Times(draft.Add(Conv + ".lokr_w2_b", 3, 4 * 9)),
            _ => draft.Add(Conv + ".lokr_t2", 3, 3, 3, 3).Tucker(draft.Add(Conv + ".lokr_w2_a", 3, 24), draft.Add(Conv + ".lokr_w2_b", 3, 4)),
        };
        return Scaled(first.Kron(second.As(24, 4 * 9), 4), form == "whole" ? 1 : draft.AddNumber(Conv + ".alpha", 2) / 3);
    });

    [Theory]
    [InlineData(Linear, Out, In, 1)]
    [InlineData(Conv, ConvOut, ConvIn, 3)]
    public void WholeDifference(string layer, int rows, int columns, int kernel) => Check(layer, draft =>
        kernel == 1 ? draft.Add(layer + ".diff", rows, columns) : draft.Add(layer + ".diff", rows, columns, kernel, kernel));

    [Fact]
    public void DifferenceOfABias_WithALowRankWeight() => Check(Conv, draft =>
    {
        var (down, up) = (draft.Add(Conv + ".lora_down.weight", 4, ConvIn, 3, 3), draft.Add(Conv + ".lora_up.weight", ConvOut, 4, 1, 1));
        return up.Times(down);
    }, draft => draft.Add(Conv + ".diff_b", ConvOut));

    [Fact]
    public void Norms() => Check(Norm, draft => draft.Add(Norm + ".w_norm", Out), draft => draft.Add(Norm + ".b_norm", Out));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static DoubleTensor Hadamard(AdapterDraft draft, string layer, int rows, int columns)
    {
        DoubleTensor Half(int number) => draft.Add($"{layer}.hada_w{number}_a", rows, 3).Times(draft.Add($"{layer}.hada_w{number}_b", 3, columns));
        return Half(1).With(Half(2), (a, b) => a * b);
    }

    private static DoubleTensor Scaled(DoubleTensor change, double scale) => change.With(change, (value, _) => value * scale);

    // m (W + D) / |W + D| - W, norms over all but one dimension
    private DoubleTensor Decomposed(string layer, DoubleTensor change, DoubleTensor norms, bool ofRows)
    {
        var weight = WeightOf(layer);
        var changed = weight.With(change, (a, b) => a + b);
        var (rows, inputs) = (weight.Rows, (int)weight.Shape[1]);
        var places = weight.Columns / inputs;
        var result = new DoubleTensor(weight.Shape);
        for (var index = 0; index < (ofRows ? rows : inputs); index++)
        {
            var own = Enumerable.Range(0, weight.Values.Length)
                .Where(i => index == (ofRows ? i / weight.Columns : i % weight.Columns / places)).ToList();
            var length = Math.Sqrt(own.Sum(i => changed.Values[i] * changed.Values[i]));
            foreach (var i in own)
                result.Values[i] = (norms.Values[index] * changed.Values[i] / length) - weight.Values[i];
        }

        return result;
    }

    private void Check(string layer, Func<AdapterDraft, DoubleTensor> change, Func<AdapterDraft, DoubleTensor>? biasChange = null)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        var draft = new AdapterDraft();
        var (difference, biasDifference) = (change(draft), biasChange?.Invoke(draft));
        var target = Target(layer);
        var bias = target.Bias is { } own ? DoubleTensor.Of(own.ToSingles(), own.shape) : null;
        var expected = WeightOf(layer).With(difference, (weight, d) => weight + (Strength * d));
        var expectedBias = biasDifference is null ? bias : bias!.With(biasDifference, (value, d) => value + (Strength * d));
        var plain = Run(layer, target);
        using var adapter = AdapterWeights.Load(draft.Save(Path.Combine(_folder, "a.safetensors")), miniature.Pipeline.Components, TorchPlacement.Cpu);

        using (adapter.Attach(Strength))
        {
            var weight = target.Adapters.Weight ?? target.Weight;
            foreach (var branch in target.Adapters.Adapters)
                weight = branch.MergeInto(weight);
            Near("weight", weight, expected.Values, 1e-6);
            if (expectedBias is not null)
                Near("bias", target.Adapters.Bias ?? target.Bias!, expectedBias.Values, 1e-6);
            Near("output", Run(layer, target), Run(layer, expected, expectedBias), 3e-6);
        }

        Run(layer, target).ToSingles().ShouldBe(plain.ToSingles());
    }

    private void Near(string what, Tensor found, double[] expected, double tolerance)
    {
        var largest = expected.Max(Math.Abs);
        var difference = found.ToSingles().Zip(expected, (a, b) => Math.Abs(a - b)).Max() / largest;
        output.WriteLine(FormattableString.Invariant($"{what}: largest difference {difference:0.0e+0} of the largest value"));
        difference.ShouldBeLessThan(tolerance, what);
    }

    private IAdaptedLayer Target(string layer) => (IAdaptedLayer)miniature.Pipeline.UNet.named_modules().Single(item => "unet." + item.name == layer).module;

    private DoubleTensor WeightOf(string layer)
    {
        var weight = Target(layer).Weight;
        return DoubleTensor.Of(weight.ToSingles(), weight.shape);
    }

    private static Tensor Input(string layer)
    {
        using var random = new Generator(11);
        return layer switch
        {
            Linear => randn([2, 5, In], generator: random),
            Conv => randn([1, ConvIn, 12, 12], generator: random),
            _ => randn([1, Out, 12, 12], generator: random),
        };
    }

    private static Tensor Run(string layer, IAdaptedLayer target) => ((nn.Module<Tensor, Tensor>)target).call(Input(layer));

    private static double[] Run(string layer, DoubleTensor weight, DoubleTensor? bias)
    {
        var input = Input(layer).to(ScalarType.Float64);
        var (kernel, offset) = (tensor(weight.Values, weight.Shape), bias is null ? null : tensor(bias.Values, bias.Shape));
        var result = layer switch
        {
            Linear => nn.functional.linear(input, kernel, offset),
            Conv => nn.functional.conv2d(input, kernel, offset, padding: [1, 1]),
            _ => nn.functional.group_norm(input, 32, kernel, offset),
        };
        return result.data<double>().ToArray();
    }
}
