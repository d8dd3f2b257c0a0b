using Realign.Core.Errors;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Checkpoints;
using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>Adapters by name: sub-folders, strengths by part and block, what stays loaded, and what the list says.</summary>
public sealed class AdapterFolderTests : IClassFixture<Miniature>, IDisposable
{
    private const string Linear = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string Down = "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string Text = "text_encoder.text_model.encoder.layers.0.self_attn.v_proj";

    private readonly string _root = Directory.CreateTempSubdirectory("realign-folder").FullName;
    private readonly string _folder;
    private readonly Miniature _miniature;
    private readonly float[] _plain;

    public AdapterFolderTests(Miniature miniature)
    {
        _miniature = miniature;
        _folder = Directory.CreateDirectory(Path.Combine(_root, "adapters")).FullName;
        _plain = miniature.Generate(Miniature.Request());
    }

    [Fact]
    public void Attach_KindsTogether_InAnyOrder_IsOnePicture_AndLeavesNoTrace()
    {
        Save("a", Hadamard(Linear, 1));
        Save("b", Hadamard(Linear, 2));
        Save("c", LowRank(3, Linear, Text));
        var before = Miniature.SettledTensors();
        using (var folder = new AdapterFolder(_folder))
        {
            var all = Picture(folder, Choice("a", 0.5), Choice("b", 0.25), Choice("c", 1));

            all.ShouldNotBe(Picture(folder, Choice("a", 0.5), Choice("c", 1)));
            Largest(Picture(folder, Choice("c", 1), Choice("b", 0.25), Choice("a", 0.5)), all).ShouldBeLessThan(1e-5f);
            Picture(folder, Choice("a", 0), Choice("b", 0)).ShouldBe(_plain);
            _miniature.Generate(Miniature.Request()).ShouldBe(_plain);
        }

        Miniature.SettledTensors().ShouldBe(before);
    }

    [Fact]
    public void Attach_PartsApart_ChangesTheNamedPartOnly()
    {
        Save("both", LowRank(1, Linear, Text));
        Save("unet", LowRank(1, Linear));
        Save("none", LowRank(1, Linear, Text));
        using var folder = new AdapterFolder(_folder);
        var unetOnly = Picture(folder, new AdapterChoice("both", new AdapterStrengths(0.8, 0)));

        unetOnly.ShouldBe(Picture(folder, Choice("unet", 0.8)));
        Picture(folder, new AdapterChoice("both", new AdapterStrengths(0, 0.8))).ShouldNotBe(unetOnly);
        Picture(folder, new AdapterChoice("none", new AdapterStrengths(0, 0))).ShouldBe(_plain);
    }

    [Theory]
    [InlineData("mid_block", "down_blocks.1")]
    [InlineData("MID", "IN03")]
    [InlineData("mid_block.attentions.0", "down_blocks.1.attentions.0")]
    [InlineData("mid_block.attentions.0", "in03")]
    public void Attach_BlocksOfTheirOwnStrength_AreThatStrength(string middle, string down)
    {
        Save("two", LowRank(1, Linear, Down));
        Save("first", LowRank(1, Linear));
        using var folder = new AdapterFolder(_folder);
        var expected = Picture(folder, Choice("first", 0.5));
        expected.ShouldNotBe(_plain);

        Picture(folder, Blocks("two", 1, (middle, 0.5), (down, 0))).ShouldBe(expected);
        // the narrowest block that is named decides
        Picture(folder, Blocks("two", 0, ("mid_block", 2), ("mid_block.attentions.0", 0.5))).ShouldBe(expected);
    }

    [Fact]
    public void Attach_BlockThatIsNotThere_NamesThoseThatAre()
    {
        Save("two", LowRank(1, Linear, Down));
        using var folder = new AdapterFolder(_folder);

        var unknown = Should.Throw<InvalidInputException>(() => Picture(folder, Choice("two", 1), Blocks("two", 1, ("mid_block", 1), ("down_blocks.7", 1))));
        var twice = Should.Throw<InvalidInputException>(() => Picture(folder, Blocks("two", 1, ("mid_block", 1), ("mid", 1))));

        unknown.Field.ShouldBe("adapters[1].blocks[1].block");
        unknown.WayOut.ShouldContain("down_blocks.1");
        unknown.WayOut.ShouldContain("IN03");
        unknown.WayOut.ShouldContain("up_blocks.0.resnets.1");
        twice.Field.ShouldBe("adapters[0].blocks[1].block");
    }

    [Fact]
    public void Attach_Again_LoadsNothing_UntilTheFileChanges()
    {
        Save("a", Hadamard(Linear, 1));
        using var folder = new AdapterFolder(_folder);
        var first = Picture(folder, Choice("a", 1));
        Picture(folder, Choice("a", 1)).ShouldBe(first);
        Picture(folder, Choice("a", 0.5)).ShouldNotBe(first);
        folder.Loads.ShouldBe(1);
        folder.LoadedBytes.ShouldBeGreaterThan(0);

        Save("a", Hadamard(Linear, 2));
        var changed = Picture(folder, Choice("a", 1));

        folder.Loads.ShouldBe(2);
        changed.ShouldNotBe(first);
        File.Delete(Path.Combine(_folder, "a.safetensors"));
        Should.Throw<NotFoundException>(() => Picture(folder, Choice("a", 1)));
    }

    [Fact]
    public void Attach_PeftConfigChanges_AlphaIsReadAgain()
    {
        Save("style/adapter_model", LowRank(1, Linear));
        using var folder = new AdapterFolder(_folder);
        var plain = Picture(folder, Choice("style/adapter_model", 1));

        File.WriteAllText(Path.Combine(_folder, "style", "adapter_config.json"), """{"lora_alpha": 8, "r": 4}""");

        Picture(folder, Choice("style/adapter_model", 0.5)).ShouldBe(plain);
        folder.Loads.ShouldBe(2);
    }

    [Fact]
    public void Memory_IsBounded_TheLeastRecentlyUsedGoFirst()
    {
        foreach (var name in new[] { "a", "b", "c" })
            Save(name, LowRank(name[0], Linear));
        // two of three fit: 4 x 128 and 192 x 4 numbers each
        const long One = ((4 * 128) + (192 * 4)) * sizeof(float);
        using var folder = new AdapterFolder(_folder, 2 * One);
        foreach (var name in new[] { "a", "b", "a", "c" })
            _ = Picture(folder, Choice(name, 1));
        folder.Loads.ShouldBe(3);
        folder.LoadedBytes.ShouldBe(2 * One);

        _ = Picture(folder, Choice("a", 1));
        folder.Loads.ShouldBe(3, "a was used after b, so b went");
        _ = Picture(folder, Choice("b", 1));
        folder.Loads.ShouldBe(4);
    }

    [Fact]
    public void Memory_OfNone_StillDraws_AndKeepsNothing()
    {
        Save("a", Hadamard(Linear, 1));
        Save("b", LowRank(1, Linear));
        using var roomy = new AdapterFolder(_folder);
        using var tight = new AdapterFolder(_folder, 0);
        var before = torch.Tensor.TotalCount;

        Picture(tight, Choice("a", 1), Choice("b", 1)).ShouldBe(Picture(roomy, Choice("a", 1), Choice("b", 1)));

        tight.LoadedBytes.ShouldBe(0);
        roomy.LoadedBytes.ShouldBe((((192 * 3) + (3 * 128)) * 2 + (4 * 128) + (192 * 4) + (192 * 128)) * sizeof(float), "factors, pair and changed weight");
        torch.Tensor.TotalCount.ShouldBe(before + 4 + 2 + 1);
    }

    [Fact]
    public void Attach_Cancelled_AttachesNothing()
    {
        Save("a", Hadamard(Linear, 1));
        using var folder = new AdapterFolder(_folder);

        Should.Throw<OperationCanceledException>(() => folder.Attach([Choice("a", 1)], _miniature.Pipeline, new CancellationToken(canceled: true)));

        _miniature.Generate(Miniature.Request()).ShouldBe(_plain);
        Picture(folder, Choice("a", 1)).ShouldNotBe(_plain);
    }

    [Fact]
    public void Names_ArePathsInsideTheFolder_AndLeadNowhereElse()
    {
        Save("styles/ink/wash", LowRank(1, Linear));
        _ = LowRank(1, Linear).Save(Path.Combine(_root, "outside.safetensors"));
        _ = LowRank(1, Linear).Save(Path.Combine(_root, "elsewhere", "far.safetensors"));
        File.CreateSymbolicLink(Path.Combine(_folder, "styles", "leads-out.safetensors"), Path.Combine(_root, "outside.safetensors"));
        File.CreateSymbolicLink(Path.Combine(_folder, "linked"), Path.Combine(_root, "elsewhere"));
        File.CreateSymbolicLink(Path.Combine(_folder, "styles", "round"), _folder);
        using var folder = new AdapterFolder(_folder);

        Picture(folder, Choice("styles/ink/wash", 1)).ShouldNotBe(_plain);
        folder.List(_miniature.Pipeline, default).Select(file => file.Name).ShouldBe(["styles/ink/wash", "styles/leads-out"]);
        Should.Throw<ModelLoadException>(() => Picture(folder, Choice("styles/leads-out", 1))).Message.ShouldContain("leads out of the adapter folder");
        Should.Throw<NotFoundException>(() => Picture(folder, Choice("linked/far", 1))).Message.ShouldContain("is a link to a folder");
        foreach (var name in new[] { "../outside", "styles/../styles/ink/wash", "/styles/ink/wash", Path.Combine(_folder, "styles/ink/wash"), "styles/ink" })
            Should.Throw<NotFoundException>(() => Picture(folder, Choice(name, 1))).Message.ShouldContain("there is no such adapter");
    }

    [Fact]
    public void List_SaysWhatEachFileIsFor()
    {
        var kohya = new AdapterDraft();
        _ = kohya.Add("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", 4, 128);
        _ = kohya.Add("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight", 192, 4);
        _ = kohya.Add("bundle_emb.myCat.string_to_param.*", 2, 128);
        kohya.Metadata["ss_tag_frequency"] = """{"10_cat": {"cat": 10, "fur": 4, "\u001b[31mred": 1}, "5_dog": {"fur": 7}}""";
        kohya.Metadata["ss_output_name"] = "cats v2";
        kohya.Metadata["ss_base_model_version"] = "sd_v1";
        Save("kohya", kohya);
        var described = Hadamard(Linear, 1);
        described.Metadata["modelspec.title"] = "Ink";
        described.Metadata["modelspec.trigger_phrase"] = "ink wash, on paper";
        described.Metadata["modelspec.architecture"] = "stable-diffusion-xl-v1-base/lora";
        Save("described", described);
        var xl = new AdapterDraft();
        _ = xl.Add("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight", 16, 2048);
        _ = xl.Add("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_up.weight", 640, 16);
        _ = xl.Add("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.dora_scale", 640, 1);
        Save("xl", xl);
        var mixed = LowRank(1, Linear, Text);
        _ = mixed.Add("unet.mid_block.resnets.0.norm1.w_norm", 192);
        Save("mixed", mixed);
        File.WriteAllText(Path.Combine(_folder, "none.safetensors"), "no tensors");
        using var folder = new AdapterFolder(_folder);

        var files = folder.List(_miniature.Pipeline, default).ToDictionary(file => file.Name);

        files.Keys.ShouldBe(["described", "kohya", "mixed", "none", "xl"]);
        var cats = files["kohya"];
        (cats.Title, cats.Family, cats.Problem).ShouldBe(("cats v2", CheckpointFamily.StableDiffusion1, null));
        cats.TriggerWords.ShouldBe(["fur", "cat", "[31mred"]);
        cats.Embeddings.ShouldBe(["myCat"]);
        cats.Ranks.ShouldBe([4]);
        cats.Components.ShouldBe(["unet"]);
        cats.Bytes.ShouldBe(new FileInfo(Path.Combine(_folder, "kohya.safetensors")).Length);
        (files["described"].Title, files["described"].Family).ShouldBe(("Ink", CheckpointFamily.StableDiffusionXL));
        files["described"].TriggerWords.ShouldBe(["ink wash", "on paper"]);
        files["described"].Kinds.ShouldBe([AdapterKind.LoHa]);
        files["xl"].Family.ShouldBe(CheckpointFamily.StableDiffusionXL);
        files["xl"].Kinds.ShouldBe([AdapterKind.DoRA]);
        files["xl"].Problem!.ShouldContain("the model has no such layer");
        files["mixed"].Kinds.ShouldBe([AdapterKind.LoRA, AdapterKind.Norm]);
        files["mixed"].Components.ShouldBe(["unet", "text_encoder"]);
        files["none"].Problem!.ShouldContain("cannot be read as a safetensors file");
    }

    [Fact]
    public void List_FileThatChanged_IsReadAgain()
    {
        Save("a", LowRank(1, Linear));
        using var folder = new AdapterFolder(_folder);
        var before = folder.List(_miniature.Pipeline, default).Single();

        folder.List(_miniature.Pipeline, default).Single().ShouldBeSameAs(before);
        Save("a", Hadamard(Linear, 1));

        folder.List(_miniature.Pipeline, default).Single().Kinds.ShouldBe([AdapterKind.LoHa]);
    }

    [Fact]
    public void Load_BundledEmbeddings_AreHandedOut()
    {
        var draft = LowRank(1, Linear);
        var vectors = draft.Add("bundle_emb.cat.clip_l", 2, 768);
        _ = draft.Add("bundle_emb.cat.clip_g", 2, 1280);
        _ = draft.Add("bundle_emb.dog.string_to_param.*", 768);
        using var adapter = AdapterWeights.Load(draft.Save(Path.Combine(_folder, "a.safetensors")), _miniature.Pipeline.Components, Torch.TorchPlacement.Cpu);

        adapter.Embeddings.Select(embedding => embedding.Name).ShouldBe(["cat", "dog"]);
        var cat = adapter.Embeddings[0].Tensors;
        cat.Keys.ShouldBe(["clip_l", "clip_g"]);
        (cat["clip_l"].Count, cat["clip_l"].Width).ShouldBe((2, 768));
        cat["clip_l"].Values.ShouldBe(vectors.Values.Select(value => (float)value));
        var dog = adapter.Embeddings[1].Tensors["string_to_param.*"];
        (dog.Count, dog.Width).ShouldBe((1, 768));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static AdapterChoice Choice(string name, double strength) => new(name, AdapterStrengths.Everywhere(strength));

    private static AdapterChoice Blocks(string name, double strength, params (string Block, double Strength)[] blocks) =>
        new(name, new AdapterStrengths(strength, strength) { Blocks = [.. blocks.Select(block => new BlockStrength(block.Block, block.Strength))] });

    private static AdapterDraft Hadamard(string layer, int seed)
    {
        var draft = new AdapterDraft(seed);
        foreach (var (key, rows, columns) in new[] { ("hada_w1_a", 192, 3), ("hada_w1_b", 3, 128), ("hada_w2_a", 192, 3), ("hada_w2_b", 3, 128) })
            _ = draft.Add($"{layer}.{key}", rows, columns);
        return draft;
    }

    private static AdapterDraft LowRank(int seed, params string[] layers)
    {
        var draft = new AdapterDraft(seed);
        foreach (var layer in layers)
        {
            _ = draft.Add(layer + ".lora_A.weight", 4, 128);
            _ = draft.Add(layer + ".lora_B.weight", layer == Text ? 128 : 192, 4);
        }

        return draft;
    }

    private static float Largest(float[] a, float[] b) => a.Zip(b, (left, right) => Math.Abs(left - right)).Max();

    private void Save(string name, AdapterDraft draft) => draft.Save(Path.Combine(_folder, name + ".safetensors"));

    private float[] Picture(AdapterFolder folder, params AdapterChoice[] choices)
    {
        using (folder.Attach(choices, _miniature.Pipeline))
            return _miniature.Generate(Miniature.Request());
    }
}
