using System.Globalization;
using Realign.Core.Errors;
using Realign.Diffusion.Adapters;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>Files that cannot be right are refused by key, leave no tensors and change nothing.</summary>
public sealed class BrokenAdapterTests(Miniature miniature) : IClassFixture<Miniature>, IDisposable
{
    private const string Linear = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string Conv = "unet.conv_in";
    private const string Norm = "unet.mid_block.resnets.0.norm1";
    private const string NoBias = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q";

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-broken").FullName;

    [Theory]
    [InlineData("has no hada_w2_b", Linear, "hada_w1_a:192,3", "hada_w1_b:3,128", "hada_w2_a:192,3")]
    [InlineData("has no hada_t2", Conv, "hada_w1_a:3,96", "hada_w1_b:3,8", "hada_w2_a:3,96", "hada_w2_b:3,8", "hada_t1:3,3,3,3")]
    [InlineData("is no convolution", Linear, "hada_w1_a:3,192", "hada_w1_b:3,128", "hada_w2_a:3,192", "hada_w2_b:3,128", "hada_t1:3,3,3,3", "hada_t2:3,3,3,3")]
    [InlineData("needs [3, 128]", Linear, "hada_w1_a:192,3", "hada_w1_b:3,64", "hada_w2_a:192,3", "hada_w2_b:3,128")]
    [InlineData("neither lokr_w2 nor both", Linear, "lokr_w1:8,4")]
    [InlineData("neither lokr_w1 nor both", Linear, "lokr_w1_a:8,4", "lokr_w2:24,32")]
    [InlineData("both whole and as a product", Linear, "lokr_w1:8,4", "lokr_w2:24,32", "lokr_w2_a:24,3", "lokr_w2_b:3,32")]
    [InlineData("do not multiply to its weight [192, 128]", Linear, "lokr_w1:8,4", "lokr_w2:25,32")]
    [InlineData("have no common rank", Linear, "lokr_w1:8,4", "lokr_w2_a:24,3", "lokr_w2_b:4,32")]
    [InlineData("a matrix is needed", Linear, "lokr_w1:8,4,2", "lokr_w2:24,32")]
    [InlineData("a matrix is needed", Linear, "lokr_w1:32", "lokr_w2:24,32")]
    [InlineData("has a weight [96, 8, 3, 3]", Conv, "lokr_w1:4,2", "lokr_w2:24,4,1,9")]
    [InlineData("needs [4, 4, 3, 3]", Conv, "lora_down.weight:4,8,1,1", "lora_up.weight:96,4,1,1", "lora_mid.weight:4,4,1,1")]
    [InlineData("needs [rank, 8]", Conv, "lora_down.weight:4,8,3,3", "lora_up.weight:96,4,1,1", "lora_mid.weight:4,4,3,3")]
    [InlineData("is no convolution", Linear, "lora_down.weight:4,128", "lora_up.weight:192,4", "lora_mid.weight:4,4,3,3")]
    [InlineData("has only one half of its pair", Conv, "lora_mid.weight:4,4,3,3")]
    [InlineData("has rank 5000, 1 to 4096 are taken", Linear, "lora_down.weight:5000,128", "lora_up.weight:192,5000")]
    [InlineData("has rank 0, 1 to 4096 are taken", Linear, "hada_w1_a:192,0", "hada_w1_b:0,128", "hada_w2_a:192,0", "hada_w2_b:0,128")]
    [InlineData("is changed in 2 ways at once", Linear, "lora_down.weight:4,128", "lora_up.weight:192,4", "diff:192,128")]
    [InlineData("one norm for each row or column", Linear, "lora_down.weight:4,128", "lora_up.weight:192,4", "dora_scale:77,1")]
    [InlineData("one norm for each row or column", Linear, "lora_down.weight:4,128", "lora_up.weight:192,4", "dora_scale:128")]
    [InlineData("one norm for each row or column", Linear, "lora_down.weight:4,128", "lora_up.weight:192,4", "lora_magnitude_vector:1,128")]
    [InlineData("has no low-rank change to scale", Linear, "dora_scale:192,1")]
    [InlineData("has no low-rank change to scale", Linear, "diff:192,128", "dora_scale:192,1")]
    [InlineData("needs [192, 128]", Linear, "diff:128,192")]
    [InlineData("needs [192]", Norm, "w_norm:96", "b_norm:192")]
    [InlineData("needs [192]", Norm, "w_norm:192", "b_norm:96")]
    [InlineData("is a norm: it has no low-rank change", Norm, "lora_down.weight:4,192", "lora_up.weight:192,4")]
    [InlineData("has no bias", NoBias, "diff_b:192")]
    [InlineData("has an alpha and nothing else", Linear, "alpha:1")]
    [InlineData("belongs to an OFT or BOFT adapter, which is not supported here", Linear, "oft_blocks:4,48,48")]
    [InlineData("belongs to a GLoRA adapter", Linear, "a1.weight:4,128")]
    [InlineData("belongs to a textual inversion", "", "emb_params:2,768")]
    [InlineData("names no embedding", "bundle_emb", "cat:2,768")]
    [InlineData("an embedding has numbers [vectors, width]", "bundle_emb", "cat.emb_params:2,3,768")]
    public void Load_PartsThatDoNotGoTogether_AreNamed(string problem, string layer, params string[] parts)
    {
        var draft = new AdapterDraft();
        foreach (var pair in parts.Select(part => part.Split(':')))
        {
            var shape = pair[1].Split(',').Select(side => long.Parse(side, CultureInfo.InvariantCulture));
            _ = draft.Add(layer.Length > 0 ? $"{layer}.{pair[0]}" : pair[0], [.. shape]);
        }

        Refused(draft).Problems.ShouldContain(found => found.Contains(problem));
    }

    [Theory]
    [InlineData("lora_down.weight")]
    [InlineData("dora_scale")]
    [InlineData("diff_b")]
    public void Load_NumberThatIsNone_IsNamed(string key)
    {
        var draft = LowRank(Conv, 8 * 9, 96);
        _ = draft.Add(Conv + ".dora_scale", 96, 1, 1, 1);
        _ = draft.Add(Conv + ".diff_b", 96);
        draft.TensorOf($"{Conv}.{key}").Values[5] = double.NaN;

        Refused(draft).Problems.ShouldBe([$"key '{Conv}.{key}' holds NaN or infinity (number 5)"]);
    }

    [Fact]
    public void Load_NegativeAlpha_IsNamed()
    {
        var draft = LowRank(Linear, 128, 192);
        _ = draft.AddNumber(Linear + ".alpha", -2);

        Refused(draft).Problems.ShouldBe([$"key '{Linear}.alpha' is -2"]);
    }

    [Fact]
    public void Load_NegativeAlphaOfTheHeader_IsNamed()
    {
        var draft = LowRank(Linear, 128, 192);
        draft.Metadata["lora_adapter_metadata"] = """{"unet.lora_alpha": -2, "unet.r": 4}""";

        Refused(draft).Problems.ShouldBe([$"the alpha of '{Linear}' is -2"]);
    }

    [Fact]
    public void Attach_ChangeBeyondTheType_IsNamed_AndNothingIsAttached()
    {
        var plain = miniature.Generate(Miniature.Request());
        var draft = new AdapterDraft();
        foreach (var (key, rows, columns) in new[] { ("hada_w1_a", 192, 3), ("hada_w1_b", 3, 128), ("hada_w2_a", 192, 3), ("hada_w2_b", 3, 128) })
            Array.Fill(draft.Add($"{Linear}.{key}", rows, columns).Values, 1e15);
        using var adapter = AdapterWeights.Load(draft.Save(Path.Combine(_folder, "a.safetensors")), miniature.Pipeline.Components, TorchPlacement.Cpu);

        Should.Throw<ModelLoadException>(() => adapter.Attach(1)).Problems.ShouldHaveSingleItem().ShouldContain("gets numbers that Float32 has not");

        miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    [Fact]
    public void AnyPartsOfAnyShapes_AreReadOrRefused_NeverMore()
    {
        string[] parts =
        [
            "lora_down.weight", "lora_up.weight", "lora_mid.weight", "alpha", "dora_scale", "lora_magnitude_vector", "hada_w1_a", "hada_w1_b", "hada_w2_a",
            "hada_w2_b", "hada_t1", "hada_t2", "lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2", "diff", "diff_b",
            "w_norm", "b_norm",
        ];
        long[] sides = [0, 1, 1, 3, 4, 8, 96, 128, 192];
        const long MostNumbers = 192 * 192 * 3 * 3;
        var random = new Random(17);
        using var folder = new AdapterFolder(_folder);
        for (var i = 0; i < 300; i++)
        {
            var draft = new AdapterDraft(i);
            foreach (var layer in new[] { Linear, Conv, Norm })
            {
                // kin stand side by side: a few in a row are likely to make a whole
                var first = random.Next(parts.Length);
                foreach (var part in parts.Skip(first).Take(random.Next(7)))
                    _ = draft.Add($"{layer}.{part}", Shape());
            }

            var file = draft.Save(Path.Combine(_folder, "any.safetensors"));
            var problem = folder.List(miniature.Pipeline, default).Single().Problem;
            try
            {
                AdapterWeights.Load(file, miniature.Pipeline.Components, TorchPlacement.Cpu).Dispose();
            }
            catch (ModelLoadException)
            {
                continue;
            }

            problem.ShouldBeNull(string.Join(", ", draft.Keys));
        }

        // what has four large sides takes long to write, and is refused for its shape as a smaller one is
        long[] Shape()
        {
            while (true)
            {
                long[] shape = [.. Enumerable.Range(0, random.Next(5)).Select(_ => sides[random.Next(sides.Length)])];
                if (shape.Aggregate(1L, (product, side) => product * side) <= MostNumbers)
                    return shape;
            }
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static AdapterDraft LowRank(string layer, int inputs, int outputs)
    {
        var draft = new AdapterDraft();
        _ = inputs % 9 == 0 ? draft.Add(layer + ".lora_down.weight", 4, inputs / 9, 3, 3) : draft.Add(layer + ".lora_down.weight", 4, inputs);
        _ = draft.Add(layer + ".lora_up.weight", outputs, 4);
        return draft;
    }

    private ModelLoadException Refused(AdapterDraft draft)
    {
        var file = draft.Save(Path.Combine(_folder, "bad.safetensors"));
        var before = Miniature.SettledTensors();
        var failure = Should.Throw<ModelLoadException>(() => AdapterWeights.Load(file, miniature.Pipeline.Components, TorchPlacement.Cpu));
        torch.Tensor.TotalCount.ShouldBe(before);
        failure.Path.ShouldBe(file);
        failure.WayOut.ShouldNotBeEmpty();
        return failure;
    }
}
