using Realign.Core.Errors;
using Realign.Diffusion.Adapters;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>Adapters come and go with a request; files that do not fit are refused and change nothing.</summary>
public sealed class LoraTests(Miniature miniature) : IClassFixture<Miniature>, IDisposable
{
    private const string Layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const int Width = 192;
    private const int TextWidth = 128;

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-lora").FullName;

    [Fact]
    public void Attach_ChangesTheImage_AndLeavesNoTrace()
    {
        var plain = miniature.Generate(Miniature.Request());
        using var adapter = Load(Write("a", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4])));
        adapter.Modules.ShouldBe([Layer]);

        using (adapter.Attach(1))
            miniature.Generate(Miniature.Request()).ShouldNotBe(plain);

        miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    [Fact]
    public void Attach_StrengthZero_IsTheSameImage()
    {
        var plain = miniature.Generate(Miniature.Request());
        using var adapter = Load(Write("a", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4])));

        using (adapter.Attach(0))
            miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    [Fact]
    public void Attach_Several_CanEndInAnyOrder()
    {
        var plain = miniature.Generate(Miniature.Request());
        using var a = Load(Write("a", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4])));
        using var b = Load(Write("b", (Layer + ".lora_A.weight", [2, TextWidth]), (Layer + ".lora_B.weight", [Width, 2])));
        var first = a.Attach(1);
        var onlyA = miniature.Generate(Miniature.Request());
        var second = b.Attach(0.5);

        miniature.Generate(Miniature.Request()).ShouldNotBe(onlyA);
        second.Dispose();
        miniature.Generate(Miniature.Request()).ShouldBe(onlyA);
        second = b.Attach(0.5);
        first.Dispose();
        second.Dispose();

        miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.NegativeInfinity)]
    public void Attach_StrengthThatIsNoNumber_IsRefused(double strength)
    {
        using var adapter = Load(Write("a", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4])));

        Should.Throw<InvalidInputException>(() => adapter.Attach(strength)).Field.ShouldBe("lora.strength");
    }

    [Fact]
    public void Load_OtherArchitecture_ListsEveryLayer_AndLeavesNoTensors()
    {
        var plain = miniature.Generate(Miniature.Request());
        var before = Miniature.SettledTensors();

        foreach (var file in Directory.EnumerateFiles(Path.Combine(ConformancePack.Require(), "diffusion", "lora"), "*unet*.safetensors"))
        {
            var failure = Should.Throw<ModelLoadException>(() => Load(file));
            failure.Problems.Count.ShouldBeGreaterThan(10, file);
            failure.Path.ShouldBe(file);
        }

        torch.Tensor.TotalCount.ShouldBe(before);
        miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    [Theory]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.v_proj.lora_linear_layer.down.weight",
        "text_encoder.text_model.encoder.layers.0.self_attn.v_proj.lora_linear_layer.up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.to_v_lora.down.weight",
        "text_encoder.text_model.encoder.layers.0.self_attn.to_v_lora.up.weight")]
    [InlineData("text_encoder.encoder.layers.0.self_attn.v_proj.lora_A.weight", "text_encoder.encoder.layers.0.self_attn.v_proj.lora_B.weight")]
    [InlineData("lora_te_text_model_encoder_layers_0_self_attn_v_proj.lora_down.weight", "lora_te_text_model_encoder_layers_0_self_attn_v_proj.lora_up.weight")]
    public void Load_SpellingsOfATextLayer_AreTheSameLayer(string down, string up)
    {
        using var adapter = Load(Write("a", (down, [4, TextWidth]), (up, [TextWidth, 4])));

        adapter.Modules.ShouldBe(["text_encoder.text_model.encoder.layers.0.self_attn.v_proj"]);
    }

    [Fact]
    public void Load_HalfAPair_IsNamed() =>
        Problems((Layer + ".lora_A.weight", [4, TextWidth])).ShouldBe([$"layer '{Layer}' has only one half of its pair"]);

    [Fact]
    public void Load_ShapesOfAnotherLayer_AreNamed()
    {
        Problems((Layer + ".lora_A.weight", [4, 77]), (Layer + ".lora_B.weight", [Width, 4])).ShouldHaveSingleItem().ShouldContain("needs [rank, 128]");
        Problems((Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 5])).ShouldHaveSingleItem().ShouldContain("needs [192, 4]");
        Problems((Layer + ".lora_A.weight", [0, TextWidth]), (Layer + ".lora_B.weight", [Width, 0])).ShouldHaveSingleItem().ShouldContain(Layer);
    }

    [Fact]
    public void Load_KeysThatAreNone_AreNamed()
    {
        Problems().ShouldBe(["the file has no adapter keys"]);
        Problems(("conv_in.weight", [3])).ShouldBe(["key 'conv_in.weight' is no adapter key that is known"]);
        Problems(("lora_unet_nowhere.lora_down.weight", [4, 4])).ShouldHaveSingleItem().ShouldContain("the model has no such layer");
    }

    [Fact]
    public void Load_SamePartTwice_IsNamed() =>
        Problems((Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora.down.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4]))
            .ShouldHaveSingleItem().ShouldContain("are the same part");

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Load_WeightOrAlphaThatIsNoNumber_IsNamed(float number)
    {
        foreach (var broken in new[] { Layer + ".lora_A.weight", Layer + ".lora_B.weight", Layer + ".alpha" })
        {
            var file = Write("bad", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4]), (Layer + ".alpha", [1]));
            Overwrite(file, broken, number);

            Should.Throw<ModelLoadException>(() => Load(file)).Problems.ShouldHaveSingleItem().ShouldStartWith($"key '{broken}' holds NaN or infinity");
        }
    }

    [Fact]
    public void Load_NumbersOfAnotherKind_AreNamed()
    {
        var file = Path.Combine(_folder, "integers.safetensors");
        SafetensorsWriter.Write(file, [
            (Layer + ".lora_A.weight", SafetensorsDType.U16, [4, TextWidth], new byte[4 * TextWidth * 2]),
            (Layer + ".lora_B.weight", SafetensorsDType.F32, [Width, 4], new byte[Width * 4 * 4])]);

        Should.Throw<ModelLoadException>(() => Load(file)).Problems.ShouldContain($"key '{Layer}.lora_A.weight' is U16, adapters are F32, F16, BF16 or F64");
    }

    [Fact]
    public void Load_StrayAdapterConfig_BelongsToPeftsOwnFileOnly()
    {
        var file = Write("style", (Layer + ".lora_A.weight", [4, TextWidth]), (Layer + ".lora_B.weight", [Width, 4]));
        File.WriteAllText(Path.Combine(_folder, "adapter_config.json"), """{"lora_alpha": 400}""");
        File.Copy(file, Path.Combine(_folder, "adapter_model.safetensors"));

        using var style = Load(file);
        using var peft = Load(Path.Combine(_folder, "adapter_model.safetensors"));

        style.Pairs.ShouldHaveSingleItem().Adapter.Scale.ShouldBe(1);
        peft.Pairs.ShouldHaveSingleItem().Adapter.Scale.ShouldBe(100);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<string> Problems(params (string Key, long[] Shape)[] tensors) =>
        Should.Throw<ModelLoadException>(() => Load(Write("bad", tensors))).Problems;

    private AdapterWeights Load(string file) => AdapterWeights.Load(file, miniature.Pipeline.Components, TorchPlacement.Cpu);

    // the last number of a tensor
    private static void Overwrite(string file, string key, float number)
    {
        long end;
        using (var opened = SafetensorsFile.Open(file))
            end = opened.Entries[key].Offset + opened.Entries[key].LengthBytes;
        using var stream = File.OpenWrite(file);
        stream.Position = end - sizeof(float);
        stream.Write(BitConverter.GetBytes(number));
    }

    private string Write(string name, params (string Key, long[] Shape)[] tensors)
    {
        var random = new Random(tensors.Length + name[0]);
        var file = Path.Combine(_folder, $"{name}.safetensors");
        SafetensorsWriter.Write(file, tensors.Select(tensor =>
        {
            var values = new float[tensor.Shape.Aggregate(1L, (product, side) => product * side)];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)((random.NextDouble() - 0.5) * 0.5);
            return (tensor.Key, SafetensorsDType.F32, (IReadOnlyList<long>)tensor.Shape,
                (ReadOnlyMemory<byte>)System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }));
        return file;
    }
}
