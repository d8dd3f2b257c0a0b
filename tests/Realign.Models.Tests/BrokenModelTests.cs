using System.Text;
using Realign.Core.Errors;
using Realign.Onnx.Files;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Models.Tests;

/// <summary>Damaged copies: each gives one clear problem that names file and key.</summary>
public sealed class BrokenModelTests
{
    private const string UNetFile = "unet/diffusion_pytorch_model.safetensors";

    [Fact]
    public void MissingKey_IsNamed()
    {
        using var copy = new ModelCopy("generator");
        SafetensorsEdit.Rewrite(Path.Combine(copy.Path, UNetFile), (entry, data) =>
            entry.Name == "conv_in.bias" ? null : (entry.Name, entry.DType, entry.Shape, data));

        Inspect(copy).Parts.Single(part => part.Name == "unet").Problems.ShouldBe(["missing key 'conv_in.bias'"]);
    }

    [Fact]
    public void UnexpectedAndMisshapedKeys_AreAllNamed()
    {
        using var copy = new ModelCopy("generator");
        SafetensorsEdit.Rewrite(Path.Combine(copy.Path, UNetFile), (entry, data) => entry.Name switch
        {
            "conv_in.bias" => ("conv_in.offset", entry.DType, entry.Shape, data),
            "conv_norm_out.bias" => (entry.Name, entry.DType, [2, entry.Shape[0] / 2], data),
            _ => (entry.Name, entry.DType, entry.Shape, data),
        });

        var problems = Inspect(copy).Parts.Single(part => part.Name == "unet").Problems;

        problems.Count.ShouldBe(3);
        problems.ShouldContain("missing key 'conv_in.bias'");
        problems.ShouldContain("unexpected key 'conv_in.offset'");
        problems.ShouldContain(problem => problem.StartsWith("key 'conv_norm_out.bias' has shape [2, "));
    }

    [Fact]
    public void WholeNumbersAsWeights_AreRefused()
    {
        using var copy = new ModelCopy("generator");
        SafetensorsEdit.Rewrite(Path.Combine(copy.Path, UNetFile), (entry, data) =>
            (entry.Name, entry.Name == "conv_in.bias" ? Safetensors.SafetensorsDType.I16 : entry.DType, entry.Shape, data));

        Inspect(copy).Parts.Single(part => part.Name == "unet").Problems.ShouldBe(["key 'conv_in.bias' is I16, weights are F32, F16, BF16 or F64"]);
    }

    [Fact]
    public void ColorTable_IsAFactOfItsMaskModel_AndRefusedWhenDamaged()
    {
        using var copy = new ModelCopy("segmenter");
        var sam = Path.Combine(copy.Path, "sam");
        var whole = ModelInspector.Inspect(sam).ShouldHaveSingleItem();
        copy.Rewrite("colors.json", _ => """{"shades": {"dark": 0.5, "light": 0.2}, "colors": {"red": [1, 2, 300]}}"""u8.ToArray());

        var damaged = ModelInspector.Inspect(sam).ShouldHaveSingleItem();

        whole.Fits.ShouldBeTrue();
        whole.Facts.ShouldContain("10 colors of masks: red, orange, yellow, green, blue, purple, pink, brown, black, white");
        damaged.Fits.ShouldBeFalse();
        damaged.Problems.ShouldHaveSingleItem().ShouldBe("colors.json: colors.red is not [red, green, blue] with whole numbers 0..255");
    }

    [Fact]
    public void TruncatedWeights_AreRefused()
    {
        using var copy = new ModelCopy("generator");
        copy.Rewrite(UNetFile, bytes => bytes[..^1000]);

        Inspect(copy).Parts.Single(part => part.Name == "unet").Problems.ShouldNotBeEmpty();
    }

    [Fact]
    public void OnlyAPickle_IsRefusedWithTheWayOut()
    {
        using var copy = new ModelCopy("generator");
        File.Move(Path.Combine(copy.Path, UNetFile), Path.Combine(copy.Path, "unet", "diffusion_pytorch_model.bin"));

        Inspect(copy).Parts.Single(part => part.Name == "unet").Problems.ShouldHaveSingleItem().ShouldContain("diffusion_pytorch_model.bin is a pickle");
    }

    [Fact]
    public void PickleFile_IsRefused()
    {
        using var copy = new ModelCopy("clip");
        var path = Path.Combine(copy.Path, "v1-5-pruned.ckpt");
        File.WriteAllBytes(path, [0x80, 0x02]);

        var report = ModelInspector.Inspect(path).Single();

        report.Fits.ShouldBeFalse();
        report.Problems.ShouldHaveSingleItem().ShouldContain("runs code when loaded");
    }

    [Fact]
    public void UnknownConfigValue_IsNamed()
    {
        using var copy = new ModelCopy("generator");
        Replace(copy, "unet/config.json", "\"act_fn\": \"silu\"", "\"act_fn\": \"mish\"");

        Inspect(copy).Parts.Single(part => part.Name == "unet").Problems.ShouldHaveSingleItem().ShouldContain("act_fn = 'mish'");
    }

    [Fact]
    public void ConfigThatIsNoJson_IsNamed()
    {
        using var copy = new ModelCopy("clip");
        copy.Rewrite("config.json", bytes => bytes[..^20]);

        Inspect(copy).Problems.ShouldHaveSingleItem().ShouldStartWith("config.json: not JSON");
    }

    [Fact]
    public void SchedulerThatIsNotImplemented_IsANote()
    {
        using var copy = new ModelCopy("generator");
        Replace(copy, "model_index.json", "DDIMScheduler", "EDMEulerScheduler");

        var report = Inspect(copy);
        report.Problems.ShouldBeEmpty();
        report.Facts.ShouldContain(fact => fact.Contains("EDMEulerScheduler") && fact.Contains("every call has to name another"));
    }

    [Fact]
    public void DefaultsThatAreNone_AreNamed()
    {
        using var copy = new ModelCopy("generator");
        copy.Rewrite("realign.json", _ => """{"guidance_scale": "high"}"""u8.ToArray());

        Inspect(copy).Problems.ShouldHaveSingleItem().ShouldStartWith("realign.json: guidance_scale");
    }

    [Fact]
    public void MissingPart_IsNamed()
    {
        using var copy = new ModelCopy("generator");
        Directory.Delete(Path.Combine(copy.Path, "vae"), recursive: true);

        var report = Inspect(copy);

        report.Fits.ShouldBeFalse();
        report.Parts.Single(part => part.Name == "vae").Problems.ShouldHaveSingleItem().ShouldContain("config.json");
    }

    [Fact]
    public void PartsOfDifferentModels_AreNamed()
    {
        using var copy = new ModelCopy("generator");
        var other = Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot", "text_encoder");
        foreach (var file in new[] { "config.json", "model.safetensors" })
        {
            File.Delete(Path.Combine(copy.Path, "text_encoder", file));
            File.WriteAllBytes(Path.Combine(copy.Path, "text_encoder", file), File.ReadAllBytes(Path.Combine(other, file)));
        }

        Inspect(copy).Problems.ShouldContain("text width 32, but unet cross_attention_dim 128");
    }

    [Fact]
    public void TokenizerOfAnotherModel_IsNamed()
    {
        using var copy = new ModelCopy("generator");
        File.Delete(Path.Combine(copy.Path, "tokenizer", "merges.txt"));

        Inspect(copy).Problems.ShouldNotBeEmpty();
    }

    [Fact]
    public void AdapterOfAnotherArchitecture_ListsItsLayers()
    {
        var pack = ConformancePack.Require();
        var file = Path.Combine(pack, "diffusion", "lora", "kohya_conv_unet.safetensors");

        ModelInspector.Inspect(file, Path.Combine(pack, "diffusion", "sd15", "snapshot")).Single().Fits.ShouldBeTrue();
        var problems = ModelInspector.Inspect(file, Checkout.Miniature("generator")).Single().Parts.Single().Problems;

        problems.ShouldContain(problem => problem.EndsWith("the model has no such layer"));
        problems.ShouldContain(problem => problem.Contains("has shape"));
    }

    [Fact]
    public void AdapterWithHalfAPair_IsNamed()
    {
        var folder = Directory.CreateTempSubdirectory("realign-lora").FullName;
        try
        {
            var file = Path.Combine(folder, "a.safetensors");
            File.WriteAllBytes(file, File.ReadAllBytes(Path.Combine(ConformancePack.Require(), "diffusion", "lora", "peft_unet.safetensors")));
            string? dropped = null;
            SafetensorsEdit.Rewrite(file, (entry, data) =>
            {
                if (dropped is null && entry.Name.EndsWith("lora_B.weight", StringComparison.Ordinal))
                    dropped = entry.Name;
                return dropped == entry.Name ? null : (entry.Name, entry.DType, entry.Shape, data);
            });

            var layer = dropped!.Replace(".lora_B.weight", "", StringComparison.Ordinal);
            ModelInspector.Inspect(file).Single().Parts.Single().Problems.ShouldBe([$"layer '{layer}' has only one half of its pair"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void TruncatedGguf_IsRefused()
    {
        using var copy = new ModelCopy("scene-scorer");
        copy.Rewrite("model-q8_0.gguf", bytes => bytes[..^1000]);

        var report = Inspect(copy);

        report.Fits.ShouldBeFalse();
        report.Parts.Single(part => part.Name == "model-q8_0.gguf").Problems.ShouldHaveSingleItem().ShouldContain("the file ends at");
        report.Parts.Single(part => part.Name == "model-f16.gguf").Problems.ShouldBeEmpty();
    }

    [Fact]
    public void GgufWithARenamedTensor_NamesTheMissingOne()
    {
        using var copy = new ModelCopy("scene-scorer");
        copy.Rewrite("model-f16.gguf", bytes => Replace(bytes, "blk.1.attn_q.weight", "blk.1.attn_x.weight"));

        Inspect(copy).Parts.Single(part => part.Name == "model-f16.gguf").Problems.ShouldBe(["missing tensor 'blk.1.attn_q.weight'"]);
    }

    [Fact]
    public void TagListOfAnotherLength_IsNamed()
    {
        var pack = ConformancePack.Require();
        var folder = Directory.CreateTempSubdirectory("realign-tags").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "ram.onnx"), File.ReadAllBytes(Path.Combine(pack, "onnx", "ram", "model", "ram.onnx")));
            File.WriteAllText(Path.Combine(folder, "ram_tag_list.txt"), "cat\ndog\n");

            ModelInspector.Inspect(folder).Single().Problems.ShouldHaveSingleItem().ShouldContain("the tag list 2");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("external_missing/model.onnx", "is not there")]
    [InlineData("external_short/model.onnx", "which has")]
    [InlineData("external_escape/model.onnx", "leaves the graph's folder")]
    [InlineData("truncated.onnx", "")]
    [InlineData("truncated_half.onnx", "")]
    [InlineData("not_onnx.onnx", "")]
    [InlineData("html_page.onnx", "web page")]
    [InlineData("lfs_pointer.onnx", "Git LFS pointer")]
    [InlineData("empty.onnx", "empty")]
    public void BadGraph_IsRefused(string file, string problem)
    {
        var report = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), "onnx", "ort", "bad", file)).Single();

        report.Fits.ShouldBeFalse();
        report.Parts.Single().Problems.ShouldContain(text => text.Contains(problem));
    }

    [Fact]
    public void MutatedGraphs_AreReadOrRefused()
    {
        var original = File.ReadAllBytes(Path.Combine(Checkout.Miniature("tagger"), "model.onnx"));
        var random = new Random(7);
        var refused = 0;
        using var copy = new ModelCopy("tagger");
        for (var i = 0; i < 300; i++)
        {
            var mutant = original.ToArray();
            for (var flips = random.Next(1, 8); flips > 0; flips--)
                mutant[random.Next(i % 2 == 0 ? 4096 : mutant.Length)] = (byte)random.Next(256);
            File.WriteAllBytes(Path.Combine(copy.Path, "model.onnx"), i % 3 == 0 ? mutant[..random.Next(1, mutant.Length)] : mutant);

            try
            {
                _ = OnnxGraphFile.Open(Path.Combine(copy.Path, "model.onnx"));
            }
            catch (ModelLoadException)
            {
                refused++;
            }
        }

        refused.ShouldBeInRange(1, 299);
    }

    private static ModelReport Inspect(ModelCopy copy) => ModelInspector.Inspect(copy.Path).ShouldHaveSingleItem();

    private static void Replace(ModelCopy copy, string file, string text, string by)
    {
        File.ReadAllText(Path.Combine(copy.Path, file)).ShouldContain(text);
        copy.Rewrite(file, bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(text, by, StringComparison.Ordinal)));
    }

    private static byte[] Replace(byte[] bytes, string text, string by)
    {
        var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
        at.ShouldBeGreaterThan(0);
        Encoding.ASCII.GetBytes(by).CopyTo(bytes, at);
        return bytes;
    }
}
