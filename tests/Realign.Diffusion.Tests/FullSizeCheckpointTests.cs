using System.Text;
using System.Text.Json;
using Realign.Clip.Text;
using Realign.Diffusion.Checkpoints;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.Torch.Weights;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Names and shapes of the published full-size checkpoints in one file without numbers: structure and configs follow from the file alone.</summary>
public sealed class FullSizeCheckpointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-full-size").FullName;

    [Theory]
    [InlineData("sd15", 64, 4, "PNDMScheduler", null)]
    [InlineData("sd15", 64, 9, "PNDMScheduler", null)]
    [InlineData("sd21_base", 96, 4, "DDIMScheduler", null)]
    [InlineData("sd21_base", 64, 4, "DDIMScheduler", "stable-diffusion-v2-512")]
    [InlineData("sdxl_base", 128, 4, "EulerDiscreteScheduler", null)]
    public void Open_PublishedCheckpoint_FitsTheStructureOfItsFamily(string model, int sampleSize, int inChannels, string scheduler, string? architecture)
    {
        var path = Path.Combine(_folder, "model.safetensors");
        WriteSparse(path, [.. Tensors(model).Select(tensor => tensor.Name == "model.diffusion_model.input_blocks.0.0.weight"
            ? tensor with { Shape = [tensor.Shape[0], inChannels, 3, 3] }
            : tensor)], architecture);

        using var checkpoint = SingleFileCheckpoint.Open(path);

        var unet = UNet2DConditionConfig.Read(checkpoint.Config("unet"));
        (unet.SampleSize, unet.InChannels).ShouldBe((sampleSize, inChannels));
        checkpoint.Index.SchedulerClass.ShouldBe(scheduler);
        foreach (var part in checkpoint.Parts)
        {
            using var module = Module(checkpoint, part);
            using var weights = checkpoint.Weights(part);
            StateDict.Check(module, weights.Entries, checkpoint.Rules(part)).ShouldBeEmpty(part);
            Encoding.UTF8.GetString(checkpoint.ConfigJson(part)).ShouldNotContain("_name_or_path");
        }

        var published = JsonDocument.Parse(File.ReadAllText(Path.Combine(ConformancePack.Require(), "diffusion", "manifests", model, "vae", "config.json")));
        AutoencoderKLConfig.Read(checkpoint.Config("vae")).BlockOutChannels.ShouldBe(
            published.RootElement.GetProperty("block_out_channels").EnumerateArray().Select(value => value.GetInt32()));
        var tokens = Realign.Tokenizers.ClipTokenizer.Published(checkpoint.TokenizerFiles("tokenizer")!);
        tokens.Encode("a photo of a cat").ShouldBe([49406, 320, 1125, 539, 320, 2368, 49407]);
        (tokens.VocabularySize, tokens.PadId).ShouldBe((49408, model == "sd21_base" ? 0 : 49407));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static nn.Module Module(SingleFileCheckpoint checkpoint, string part) => part switch
    {
        "unet" => new UNet2DConditionModel(UNet2DConditionConfig.Read(checkpoint.Config(part))),
        "vae" => new AutoencoderKL(AutoencoderKLConfig.Read(checkpoint.Config(part))),
        "text_encoder" => new CLIPTextModel(CLIPTextConfig.Read(checkpoint.Config(part))),
        _ => new CLIPTextModelWithProjection(CLIPTextConfig.Read(checkpoint.Config(part))),
    };

    private static IEnumerable<LayoutTensor> Tensors(string model)
    {
        IReadOnlyList<LayoutTensor> Part(string part)
        {
            var path = Path.Combine(ConformancePack.Require(), "diffusion", "manifests", model, part, "keys.json");
            using var manifest = JsonDocument.Parse(File.ReadAllText(path));
            return [.. manifest.RootElement.GetProperty("keys").EnumerateObject().Select(key => new LayoutTensor(
                key.Name, SafetensorsDType.F16, [.. key.Value[0].EnumerateArray().Select(side => side.GetInt64())], []))];
        }

        IEnumerable<LayoutTensor> text = model switch
        {
            "sd15" => OriginalLayout.Clip(Part("text_encoder"), "cond_stage_model.transformer."),
            "sd21_base" => OriginalLayout.OpenClipTower(Part("text_encoder"), "cond_stage_model.model."),
            _ => [.. OriginalLayout.Clip(Part("text_encoder"), "conditioner.embedders.0.transformer."),
                .. OriginalLayout.OpenClipTower(Part("text_encoder_2"), "conditioner.embedders.1.model.")],
        };
        return [.. OriginalLayout.UNet(Part("unet"), model == "sdxl_base" ? 3 : 4, 2), .. OriginalLayout.Vae(Part("vae"), 4), .. text];
    }

    // a header, and a hole of the size of the numbers
    private static void WriteSparse(string path, IReadOnlyList<LayoutTensor> tensors, string? architecture)
    {
        var header = new Dictionary<string, object>(StringComparer.Ordinal);
        if (architecture is not null)
            header["__metadata__"] = new Dictionary<string, string> { ["modelspec.architecture"] = architecture };
        long offset = 0;
        foreach (var tensor in tensors)
        {
            var length = tensor.DType.SizeBytes() * tensor.Shape.Aggregate(1L, (product, side) => product * side);
            header.Add(tensor.Name, new { dtype = tensor.DType.HeaderName(), shape = tensor.Shape, data_offsets = new[] { offset, offset + length } });
            offset += length;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        using var stream = File.Create(path);
        stream.Write(BitConverter.GetBytes((ulong)json.Length));
        stream.Write(json);
        stream.SetLength(8 + json.Length + offset);
    }
}
