using Realign.Clip.OpenClip;
using Realign.Core.Errors;
using Realign.Testing.Layouts;
using Realign.Torch.Weights;
using Shouldly;
using Xunit;

namespace Realign.Clip.Tests;

/// <summary>CLIP in OpenCLIP's layout: sizes, keys, and what is refused. Its numbers are compared in the tests of HPS v2, which is such a file.</summary>
public sealed class OpenClipTests
{
    [Fact]
    public void Sizes_WithoutAFile_AreThoseOfViTH14()
    {
        var folder = Directory.CreateTempSubdirectory("realign-openclip");
        try
        {
            using var model = new CLIPModel(OpenClipConfig.Load(folder.FullName));

            // open_clip's own table of profiles says 986.11 million
            var numbers = StateDict.Shapes(model).Values.Sum(shape => shape.Aggregate(1L, (product, side) => product * side));
            (numbers / 1e6).ShouldBe(986.11, 0.005);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("\"layers\"", "\"timm_model_name\": \"vit_large\", \"layers\"", "vision_cfg.timm_model_name")]
    [InlineData("\"layers\"", "\"pool_type\": \"avg\", \"layers\"", "vision_cfg.pool_type")]
    [InlineData("\"model_cfg\":{", "\"model_cfg\":{\"custom_text\": true,", "model_cfg.custom_text")]
    [InlineData("\"context_length\"", "\"hf_model_name\": \"roberta-base\", \"context_length\"", "text_cfg.hf_model_name")]
    public void Config_OfAnotherStructure_IsRefusedByTheField(string from, string to, string field)
    {
        using var checkpoint = RewardCheckpoint.Hps();
        var config = Path.Combine(checkpoint.Folder, OpenClipConfig.FileName);
        var text = File.ReadAllText(config);
        text.ShouldContain(from);
        File.WriteAllText(config, text.Replace(from, to, StringComparison.Ordinal));

        Should.Throw<ModelLoadException>(() => OpenClipCheckpoint.Open(checkpoint.Location).Dispose()).Message.ShouldContain(field);
    }

    [Fact]
    public void Projections_AreSplit_AndTheJointOnesTurnedOver()
    {
        using var checkpoint = RewardCheckpoint.Hps();
        var original = OriginalLayout.Read(Path.Combine(RewardCheckpoint.Clip, "model.safetensors")).ToDictionary(tensor => tensor.Name);

        using var opened = OpenClipCheckpoint.Open(checkpoint.Location);

        foreach (var (name, entry) in opened.Weights.Entries)
        {
            var expected = original[name];
            var isTurned = name is "visual_projection.weight" or "text_projection.weight";
            entry.Shape.ShouldBe(isTurned ? expected.Shape.Reverse() : expected.Shape, name);
            opened.Weights.FileOf(name).Bytes(name).ShouldBe(isTurned ? expected.Transposed(name).Data : expected.Data, name);
        }

        opened.Weights.Entries.Keys.ShouldBe(original.Keys.Where(key => !key.EndsWith("position_ids", StringComparison.Ordinal)), ignoreOrder: true);
    }

    [Fact]
    public void BrokenKeys_AreListed()
    {
        using var checkpoint = RewardCheckpoint.Hps();
        var tensors = OriginalLayout.Read(checkpoint.Location).ToList();
        tensors.Add(OriginalLayout.Numbers("text_projection.weight", 40, 48));
        var qkv = tensors.FindIndex(tensor => tensor.Name == "visual.transformer.resblocks.0.attn.in_proj_bias");
        tensors[qkv] = OriginalLayout.Numbers(tensors[qkv].Name, 55);
        OriginalLayout.Write(checkpoint.Location, tensors);

        var refused = Should.Throw<ModelLoadException>(() => OpenClipCheckpoint.Open(checkpoint.Location).Dispose());

        refused.Problems.ShouldContain(problem => problem.Contains("three projections of equal size"));
        refused.Problems.ShouldContain(problem => problem.Contains("are the same parameter 'text_projection.weight'"));
    }

    [Fact]
    public void FileOfAnotherLayout_IsRefused()
    {
        var refused = Should.Throw<ModelLoadException>(() => OpenClipCheckpoint.Open(Path.Combine(RewardCheckpoint.Clip, "model.safetensors")).Dispose());

        refused.Problems.ShouldHaveSingleItem().ShouldContain("OpenCLIP's layout");
        refused.WayOut.ShouldContain("CLIPModel");
    }
}
