using Realign.Core.Errors;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.Torch;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Whole checkpoints in one file, in the first authors' layout: the pack's models saved again give the same pictures.</summary>
public sealed class SingleFileTests
{
    public SingleFileTests() => TorchRuntime.Initialize(0);

    [Theory]
    [InlineData("sd15", null, CheckpointFamily.StableDiffusion1)]
    [InlineData("sd15", "fp16", CheckpointFamily.StableDiffusion1)]
    [InlineData("sd15", "bf16", CheckpointFamily.StableDiffusion1)]
    [InlineData("sd2", null, CheckpointFamily.StableDiffusion2)]
    [InlineData("sdxl", null, CheckpointFamily.StableDiffusionXL)]
    public void Load_SavedInTheOtherLayout_GivesTheSamePicture(string model, string? variant, CheckpointFamily family)
    {
        using var file = new OriginalCheckpoint(Snapshot(model), variant);
        using (var checkpoint = SingleFileCheckpoint.Open(file.Location))
        {
            checkpoint.Family.ShouldBe(family);
            checkpoint.UnusedKeys.ShouldBeGreaterThan(3);
        }

        Picture(file.Location).ShouldBe(Picture(Snapshot(model), variant));
    }

    [Theory]
    [InlineData("sd15")]
    [InlineData("sd2")]
    [InlineData("sdxl")]
    public void Write_Snapshot_GivesTheSamePicture(string model)
    {
        using var file = new OriginalCheckpoint(Snapshot(model));

        SnapshotWriter.Write(file.Location, file.In("snapshot"));

        Picture(file.In("snapshot")).ShouldBe(Picture(Snapshot(model)));
        Directory.Exists(file.In("snapshot.partial")).ShouldBeFalse();
        Should.Throw<InvalidInputException>(() => SnapshotWriter.Write(file.Location, file.In("snapshot"))).Problem.ShouldContain("there already");
    }

    [Fact]
    public void Write_FileThatCannotBeLoaded_LeavesNothing()
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        file.Tensors.Add(OriginalLayout.Numbers("model.diffusion_model.nowhere.weight", 1));
        file.Save();

        Should.Throw<ModelLoadException>(() => SnapshotWriter.Write(file.Location, file.In("snapshot")));

        Directory.Exists(file.In("snapshot")).ShouldBeFalse();
        Directory.Exists(file.In("snapshot.partial")).ShouldBeFalse();
    }

    [Fact]
    public void Load_OldNamesOfTheTextTower_AreTheSame()
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        file.Tensors.RemoveAll(tensor => tensor.Name.EndsWith("position_ids", StringComparison.Ordinal));
        for (var i = 0; i < file.Tensors.Count; i++)
        {
            file.Tensors[i] = file.Tensors[i] with
            {
                Name = file.Tensors[i].Name.Replace("transformer.text_model.", "transformer.", StringComparison.Ordinal),
            };
        }

        file.Save();

        Picture(file.Location).ShouldBe(Picture(Snapshot("sd15")));
    }

    [Fact]
    public void Load_WithoutAutoencoder_TakesTheOneBeside_AndNamesItWhereThereIsNone()
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        file.Tensors.RemoveAll(tensor => tensor.Name.StartsWith("first_stage_model.", StringComparison.Ordinal));
        file.Save();

        var failure = Should.Throw<ModelLoadException>(() => SingleFileCheckpoint.Open(file.Location));
        failure.Problems.ShouldHaveSingleItem().ShouldContain("brings no autoencoder");
        failure.WayOut.ShouldContain(file.ConfigFolder);

        const string Weights = "vae/diffusion_pytorch_model.safetensors";
        File.Copy(Path.Combine(Snapshot("sd15"), Weights), Path.Combine(file.ConfigFolder, Weights));
        Picture(file.Location).ShouldBe(Picture(Snapshot("sd15")));
    }

    [Theory]
    [InlineData(null, null, PredictionType.Epsilon)]
    [InlineData("v_pred", null, PredictionType.VPrediction)]
    [InlineData(null, "v", PredictionType.VPrediction)]
    [InlineData(null, "epsilon", PredictionType.Epsilon)]
    public void Config_MarkerOfVPrediction_IsRead_AndAConfigBesideWins(string? key, string? metadata, PredictionType expected)
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        var own = Path.Combine(file.ConfigFolder, "scheduler", "scheduler_config.json");
        var text = File.ReadAllText(own);
        File.Delete(own);
        if (key is not null)
            file.Tensors.Add(OriginalLayout.Numbers(key, 0));
        file.Save(metadata is null ? null : new Dictionary<string, string> { ["modelspec.prediction_type"] = metadata });
        PredictionType Read()
        {
            using var checkpoint = SingleFileCheckpoint.Open(file.Location);
            using var scheduler = SchedulerConfig.Parse(checkpoint.ConfigJson("scheduler")).Create();
            return scheduler.Config.PredictionType;
        }

        Read().ShouldBe(expected);

        File.WriteAllText(own, text);
        Read().ShouldBe(PredictionType.Epsilon);
    }

    public static TheoryData<string, string, Action<List<LayoutTensor>>> Broken => new()
    {
        { "unknown key", "unexpected key 'model.diffusion_model.input_blocks.1.0.in_layers.7.weight'", tensors =>
            tensors.Add(OriginalLayout.Numbers("model.diffusion_model.input_blocks.1.0.in_layers.7.weight", 1)) },
        { "a slip in a key", "'model.diffusion_model.time_embd.0.bias': is it 'model.diffusion_model.time_embed.0.bias'?", tensors =>
            tensors.Add(OriginalLayout.Numbers("model.diffusion_model.time_embd.0.bias", 1)) },
        { "the same parameter twice", "are the same parameter", tensors =>
            tensors.Add(OriginalLayout.Numbers("cond_stage_model.transformer.final_layer_norm.weight", 32)) },
        { "two layouts", "is of diffusers' layout", tensors => tensors.Add(OriginalLayout.Numbers("unet.conv_in.weight", 1)) },
        { "missing key", "missing key 'conv_out.bias'", tensors => tensors.RemoveAll(tensor => tensor.Name == "model.diffusion_model.out.2.bias") },
        { "another shape", "has shape [5]", tensors => Change(tensors, "model.diffusion_model.out.2.bias", _ =>
            OriginalLayout.Numbers("model.diffusion_model.out.2.bias", 5)) },
        { "another type", "weights are F32, F16, BF16 or F64", tensors => Change(tensors, "model.diffusion_model.out.2.bias", tensor =>
            new LayoutTensor(tensor.Name, SafetensorsDType.I32, tensor.Shape, tensor.Data)) },
        { "no number", "holds NaN or infinity", tensors => Change(tensors, "model.diffusion_model.out.2.bias", tensor =>
            tensor with { Data = [.. BitConverter.GetBytes(float.NaN), .. tensor.Data.Skip(4)] }) },
        { "no denoiser", "it has no denoiser", tensors => tensors.RemoveAll(tensor => tensor.Name.StartsWith("model.", StringComparison.Ordinal)) },
        { "Flux", "it is Flux", tensors => tensors.Add(OriginalLayout.Numbers("model.diffusion_model.double_blocks.0.x", 1)) },
        { "Stable Diffusion 3", "it is Stable Diffusion 3", tensors => tensors.Add(OriginalLayout.Numbers("model.diffusion_model.joint_blocks.0.x", 1)) },
    };

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void Load_BrokenFile_SaysWhatIsWrong(string what, string problem, Action<List<LayoutTensor>> damage)
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        damage(file.Tensors);
        file.Save();

        var failure = Should.Throw<ModelLoadException>(() => StableDiffusionSnapshot.Load(file.Location, TorchPlacement.Cpu));

        failure.Problems.ShouldContain(line => line.Contains(problem, StringComparison.Ordinal), what);
        failure.WayOut.ShouldNotBeEmpty();
    }

    [Fact]
    public void Load_OpenClipProjectionThatIsNoThreeOfAKind_IsNamed()
    {
        using var file = new OriginalCheckpoint(Snapshot("sd2"));
        const string Key = "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_bias";
        Change(file.Tensors, Key, _ => OriginalLayout.Numbers(Key, 7));
        file.Save();

        Should.Throw<ModelLoadException>(() => SingleFileCheckpoint.Open(file.Location)).Problems.ShouldHaveSingleItem().ShouldContain("three projections");
    }

    [Fact]
    public void Load_TruncatedFile_IsNamed()
    {
        using var file = new OriginalCheckpoint(Snapshot("sd15"));
        using (var stream = File.OpenWrite(file.Location))
            stream.SetLength(stream.Length / 2);

        Should.Throw<ModelLoadException>(() => StableDiffusionSnapshot.Load(file.Location, TorchPlacement.Cpu)).Problems.ShouldHaveSingleItem()
            .ShouldContain("cut off");
    }

    private static void Change(List<LayoutTensor> tensors, string name, Func<LayoutTensor, LayoutTensor> change)
    {
        var index = tensors.FindIndex(tensor => tensor.Name == name);
        tensors[index] = change(tensors[index]);
    }

    private static string Snapshot(string model) => Path.Combine(ConformancePack.Require(), "diffusion", model, "snapshot");

    private static float[] Picture(string path, string? variant = null)
    {
        using var pipeline = StableDiffusionSnapshot.Load(path, TorchPlacement.Cpu, variant);
        return Miniature.Generate(pipeline, Miniature.Request() with { NumInferenceSteps = 2, Prompt = new PromptRequest { Prompts = ["a red car"] } });
    }
}
