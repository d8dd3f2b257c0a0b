using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Shouldly;
using Xunit;

namespace Realign.Models.Tests;

/// <summary>Folders and files in order: what they are.</summary>
public sealed class RecognitionTests
{
    [Theory]
    [InlineData("generator", ModelKind.StableDiffusion)]
    [InlineData("clip", ModelKind.Clip)]
    [InlineData("captioner", ModelKind.Blip2)]
    [InlineData("tagger", ModelKind.Tagger)]
    [InlineData("segmenter/dino", ModelKind.GroundingDino)]
    [InlineData("segmenter/sam", ModelKind.Sam)]
    [InlineData("scene-scorer", ModelKind.Gguf)]
    [InlineData("generator/vae", ModelKind.DiffusionComponent)]
    [InlineData("generator/text_encoder", ModelKind.DiffusionComponent)]
    public void Inspect_EmbeddedModel_IsRecognizedAndFits(string folder, ModelKind kind)
    {
        var report = ModelInspector.Inspect(Checkout.Miniature(folder.Split('/'))).ShouldHaveSingleItem();

        report.Kind.ShouldBe(kind);
        Problems(report).ShouldBeEmpty();
        report.Fits.ShouldBeTrue();
        report.MemoryBytes.Values.ShouldAllBe(bytes => bytes > 0);
    }

    [Fact]
    public void Inspect_FolderOfModels_ReportsEachOfThem()
    {
        var reports = ModelInspector.Inspect(Checkout.Miniature());

        reports.Select(report => report.Kind).ShouldBe(
            [ModelKind.Blip2, ModelKind.Clip, ModelKind.StableDiffusion, ModelKind.Gguf, ModelKind.GroundingDino, ModelKind.Sam, ModelKind.Tagger]);
    }

    [Theory]
    [InlineData("diffusion/sd15/snapshot", "Stable Diffusion 1.x")]
    [InlineData("diffusion/sd2/snapshot", "Stable Diffusion 2.x")]
    [InlineData("diffusion/sdxl/snapshot", "Stable Diffusion XL")]
    [InlineData("diffusion/sd15/unet_sharded", "UNet of a Stable Diffusion snapshot")]
    [InlineData("diffusion/sd15/vae_new_names", "autoencoder of a Stable Diffusion snapshot")]
    [InlineData("diffusion/lora", "adapter of Stable Diffusion")]
    [InlineData("vision-language/blip2-opt/snapshot", "BLIP-2 captioner")]
    [InlineData("vision-language/blip2-opt/snapshot-original", "BLIP-2 captioner")]
    [InlineData("vision-language/blip2-t5/snapshot", "BLIP-2 captioner")]
    [InlineData("vision-language/blip2-itm/snapshot", "BLIP-2 retrieval model (ITC, ITM)")]
    [InlineData("vision-language/clip/gelu/snapshot", "CLIP")]
    [InlineData("vision-language/blip-itm/captioning-snapshot", "BLIP captioner")]
    [InlineData("vision-language/blip-itm/itm-snapshot", "BLIP retrieval model (ITC, ITM)")]
    [InlineData("vision-language/image-reward/snapshot", "ImageReward")]
    [InlineData("onnx/ram/model/ram.onnx", "image tagger (RAM, RAM++ or Tag2Text)")]
    [InlineData("onnx/grounding-dino/model", "Grounding DINO")]
    [InlineData("llm/llama-spm", "language model for llama.cpp")]
    [InlineData("llm/qwen2-bpe", "language model for llama.cpp")]
    public void Inspect_PublishedLayout_IsRecognizedAndFits(string path, string description)
    {
        var report = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), path)).ShouldHaveSingleItem();

        report.Description.ShouldBe(description);
        Problems(report).ShouldBeEmpty();
    }

    [Fact]
    public void Inspect_Rewards_AreNamedAndFit_AloneAndInTheirFolders()
    {
        using var hps = RewardCheckpoint.Hps();
        using var pickScore = RewardCheckpoint.PickScore();
        using var aesthetic = RewardCheckpoint.Aesthetic(40);
        foreach (var (path, kind, description) in new[]
        {
            (hps.Location, ModelKind.OpenClip, "HPS v2 (CLIP in OpenCLIP's layout)"), (hps.Folder, ModelKind.OpenClip, "HPS v2 (CLIP in OpenCLIP's layout)"),
            (pickScore.Location, ModelKind.Clip, "PickScore (CLIP)"),
            (Path.Combine(RewardCheckpoint.ImageReward, "ImageReward.safetensors"), ModelKind.ImageReward, "ImageReward"),
            (aesthetic.Location, ModelKind.AestheticPredictor, "aesthetic predictor (LAION, linear)"),
            (aesthetic.Folder, ModelKind.AestheticPredictor, "aesthetic predictor (LAION, linear)"),
        })
        {
            var report = ModelInspector.Inspect(path).ShouldHaveSingleItem();

            report.Kind.ShouldBe(kind, path);
            report.Description.ShouldBe(description);
            Problems(report).ShouldBeEmpty();
            report.Fits.ShouldBeTrue();
            report.MemoryBytes["float32"].ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public void Inspect_RewardsTogetherInAFolder_ReportsEach()
    {
        using var hps = RewardCheckpoint.Hps();
        using var aesthetic = RewardCheckpoint.Aesthetic(40);
        File.Copy(aesthetic.Location, Path.Combine(hps.Folder, Path.GetFileName(aesthetic.Location)));

        ModelInspector.Inspect(hps.Folder).Select(report => report.Kind).ShouldBe([ModelKind.OpenClip, ModelKind.AestheticPredictor]);
    }

    [Fact]
    public void Inspect_HpsThatDoesNotFit_SaysWhatTheServiceSays()
    {
        using var hps = RewardCheckpoint.Hps();
        OriginalLayout.Write(hps.Location, OriginalLayout.Read(hps.Location).Where(tensor => tensor.Name != "visual.ln_pre.bias"));

        var report = ModelInspector.Inspect(hps.Location).ShouldHaveSingleItem();

        report.Fits.ShouldBeFalse();
        Problems(report).ShouldHaveSingleItem().ShouldContain("missing key 'vision_model.pre_layrnorm.bias'");
    }

    [Fact]
    public void Inspect_LookAlikesOfBlip2_AreRefusedByName()
    {
        using var copy = ModelCopy.Of(Path.Combine(ConformancePack.Require(), "vision-language", "blip2-opt", "snapshot"));
        copy.Rewrite("config.json", bytes => System.Text.Encoding.UTF8.GetBytes(System.Text.Encoding.UTF8.GetString(bytes)
            .Replace("\"Blip2ForConditionalGeneration\"", "\"InstructBlipForConditionalGeneration\"", StringComparison.Ordinal)
            .Replace("\"model_type\": \"blip-2\"", "\"model_type\": \"instructblip\"", StringComparison.Ordinal)));
        using var aesthetic = RewardCheckpoint.Aesthetic(8);
        OriginalLayout.Write(aesthetic.Location, [OriginalLayout.Numbers("Qformer.bert.encoder.layer.0.output.dense.weight", 2, 2)]);

        var instruct = ModelInspector.Inspect(copy.Path).ShouldHaveSingleItem();
        var lavis = ModelInspector.Inspect(aesthetic.Location).ShouldHaveSingleItem();

        Problems(instruct).ShouldHaveSingleItem().ShouldContain("InstructBLIP");
        instruct.WaysOut.ShouldHaveSingleItem().ShouldContain("Salesforce/blip2-flan-t5-xl");
        lavis.Description.ShouldBe("BLIP-2 in LAVIS's layout");
        lavis.WaysOut.ShouldHaveSingleItem().ShouldContain("Salesforce/blip2-opt-2.7b");
        lavis.Fits.ShouldBeFalse();
    }

    [Fact]
    public void Inspect_MaskDecoderWithoutBoxes_IsRefusedAsByTheService()
    {
        var report = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), "onnx", "sam", "model")).ShouldHaveSingleItem();

        report.Description.ShouldBe("Segment Anything");
        report.Problems.ShouldHaveSingleItem().ShouldContain("no box input");
    }

    [Theory]
    [InlineData("sd15", "1.x")]
    [InlineData("sd2", "2.x")]
    [InlineData("sdxl", "XL")]
    public void Inspect_CheckpointInOneFile_IsRecognizedAndFits_AloneAndInItsFolder(string model, string generation)
    {
        using var file = new OriginalCheckpoint(Path.Combine(ConformancePack.Require(), "diffusion", model, "snapshot"));
        var folder = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), "diffusion", model, "snapshot")).Single();

        foreach (var path in new[] { file.Location, Path.GetDirectoryName(file.Location)! })
        {
            var report = ModelInspector.Inspect(path).ShouldHaveSingleItem();

            report.Kind.ShouldBe(ModelKind.StableDiffusion);
            report.Description.ShouldBe($"Stable Diffusion {generation} in one file");
            Problems(report).ShouldBeEmpty();
            report.Fits.ShouldBeTrue();
            report.MemoryBytes["float32"].ShouldBe(folder.MemoryBytes["float32"]);
            report.Facts.ShouldContain(fact => fact.Contains("keys are not used"));
        }
    }

    [Theory]
    [InlineData("2 vector(s), for Stable Diffusion 1.x (text width 768)", "emb_params", 768, null, 0)]
    [InlineData("2 vector(s), for Stable Diffusion 2.x (text width 1024)", "<cat-toy>", 1024, null, 0)]
    [InlineData("2 vector(s), for Stable Diffusion XL (text widths 768 and 1280)", "clip_l", 768, "clip_g", 1280)]
    public void Inspect_Embedding_IsRecognized_AloneAndInItsFolder(string fact, string key, int width, string? key2, int width2)
    {
        var folder = Directory.CreateTempSubdirectory("realign-embedding").FullName;
        var path = Path.Combine(folder, "style.safetensors");
        (string, SafetensorsDType, IReadOnlyList<long>, ReadOnlyMemory<byte>) Tensor(string name, int columns) =>
            (name, SafetensorsDType.F32, [2, columns], new byte[8 * columns]);
        SafetensorsWriter.Write(path, key2 is null ? [Tensor(key, width)] : [Tensor(key2, width2), Tensor(key, width)]);

        foreach (var named in new[] { path, folder })
        {
            var report = ModelInspector.Inspect(named).ShouldHaveSingleItem();

            report.Kind.ShouldBe(ModelKind.TextualInversion);
            report.Fits.ShouldBeTrue();
            var part = report.Parts.ShouldHaveSingleItem();
            part.Facts[0].ShouldBe(fact);
            part.Facts.Contains("calls itself <cat-toy>").ShouldBe(key == "<cat-toy>");
        }

        SafetensorsWriter.Write(path, [("emb_params", SafetensorsDType.F32, [1, 1], BitConverter.GetBytes(float.NaN))]);
        ModelInspector.Inspect(path).Single().Fits.ShouldBeFalse();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Inspect_RefinerOfXl_IsRecognizedAndFits_AsFolderAndFile()
    {
        using var refiner = new RefinerSnapshot(Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot"));
        using var file = new OriginalCheckpoint(refiner.Location);

        var reports = new[] { refiner.Location, file.Location }.Select(path => ModelInspector.Inspect(path).ShouldHaveSingleItem()).ToList();

        reports.Select(report => report.Description).ShouldBe(["Stable Diffusion XL refiner", "Stable Diffusion XL refiner in one file"]);
        reports.SelectMany(Problems).ShouldBeEmpty();
        reports.ShouldAllBe(report => report.Parts.Select(part => part.Name).SequenceEqual(new[] { "unet", "vae", "text_encoder_2" }));
    }

    [Fact]
    public void Inspect_BrokenCheckpointInOneFile_IsRefusedAsByTheService()
    {
        using var file = new OriginalCheckpoint(Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot"));
        file.Tensors.RemoveAll(tensor => tensor.Name == "model.diffusion_model.out.2.bias");
        file.Save();

        var report = ModelInspector.Inspect(file.Location).ShouldHaveSingleItem();

        report.Fits.ShouldBeFalse();
        Problems(report).ShouldHaveSingleItem().ShouldContain("missing key 'conv_out.bias'");
    }

    [Fact]
    public void Inspect_InpaintingUNet_IsNamed()
    {
        using var copy = new ModelCopy("generator");
        var config = Path.Combine(copy.Path, "unet", "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"in_channels\": 8", "\"in_channels\": 17", StringComparison.Ordinal));

        var report = ModelInspector.Inspect(copy.Path).Single();

        report.Description.ShouldEndWith(" for inpainting");
        Problems(report).ShouldHaveSingleItem().ShouldContain("conv_in.weight");
    }

    [Fact]
    public void Inspect_Snapshot_NamesItsVariantsAndSpelling()
    {
        var report = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot")).Single();

        report.Parts.Where(part => part.Name == "unet").Select(part => part.Variant).ShouldBe([null, "bf16", "fp16"]);
        report.Parts.Single(part => part.Name == "vae").Facts.ShouldContain("attention keys in the first spelling (query, key, value, proj_attn)");
        report.Facts.ShouldContain("written by diffusers 0.6.0");
    }

    [Fact]
    public void Inspect_VariantsWithoutPlainWeights_SaysThatAServiceMustBeTold()
    {
        using var copy = new ModelCopy("clip");
        var plain = Path.Combine(copy.Path, "model.safetensors");
        File.Copy(plain, Path.Combine(copy.Path, "model.bf16.safetensors"));
        File.Move(plain, Path.Combine(copy.Path, "model.fp16.safetensors"));

        var parts = ModelInspector.Inspect(copy.Path).Single().Parts;

        parts.Select(part => part.Variant).ShouldBe(["bf16", "fp16"]);
        parts.ShouldAllBe(part => part.Facts.Contains("no weights without a variant: a service needs the setting Variant"));
    }

    [Fact]
    public void Inspect_Memory_CountsEachPartOnce()
    {
        var report = ModelInspector.Inspect(Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot")).Single();

        var unet = report.Parts.First(part => part.Name == "unet").Parameters;
        var vae = report.Parts.Single(part => part.Name == "vae").Parameters;
        var text = report.Parts.First(part => part.Name == "text_encoder").Parameters;
        report.MemoryBytes["float32"].ShouldBe(4 * (unet + vae + text));
        report.MemoryBytes["bfloat16"].ShouldBe(2 * (unet + vae + text));
        report.MemoryBytes["float16"].ShouldBe((2 * (unet + text)) + (4 * vae), "the autoencoder overflows in float16");
    }

    [Fact]
    public void Inspect_LicenseFile_IsNamed()
    {
        using var copy = new ModelCopy("clip");
        File.WriteAllText(Path.Combine(copy.Path, "LICENSE.md"), "MIT");

        ModelInspector.Inspect(copy.Path).Single().License.ShouldBe("LICENSE.md");
    }

    [Fact]
    public void Inspect_ModelCard_GivesTheLicense()
    {
        using var copy = new ModelCopy("clip");
        File.WriteAllText(Path.Combine(copy.Path, "README.md"), "---\ntags:\n- a\nlicense: creativeml-openrail-m\n---\n# Model\nlicense: none\n");

        ModelInspector.Inspect(copy.Path).Single().License.ShouldBe("README.md: creativeml-openrail-m");
    }

    [Fact]
    public void Inspect_NothingThere_Throws() =>
        Should.Throw<NotFoundException>(() => ModelInspector.Inspect("/nowhere/model")).Message.ShouldContain("/nowhere/model");

    [Fact]
    public void Inspect_PieceOfACheckpointInOneFile_SaysWhatItLacks()
    {
        var folder = Directory.CreateTempSubdirectory("realign-model").FullName;
        try
        {
            SafetensorsWriter.Write(Path.Combine(folder, "v1-5-pruned-emaonly.safetensors"),
                [("model.diffusion_model.input_blocks.0.0.weight", SafetensorsDType.F32, [1], new byte[4])]);

            var report = ModelInspector.Inspect(folder).ShouldHaveSingleItem();

            report.Fits.ShouldBeFalse();
            report.Description.ShouldBe("Stable Diffusion in one file");
            report.Problems.ShouldHaveSingleItem().ShouldContain("it has no text encoder");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Inspect_FolderWithoutModel_IsNotRecognized()
    {
        var folder = Directory.CreateTempSubdirectory("realign-model").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "notes.txt"), "nothing");

            var report = ModelInspector.Inspect(folder).ShouldHaveSingleItem();

            report.Kind.ShouldBe(ModelKind.Unknown);
            report.Fits.ShouldBeFalse();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static IEnumerable<string> Problems(ModelReport report) => report.Problems.Concat(report.Parts.SelectMany(part => part.Problems));
}
