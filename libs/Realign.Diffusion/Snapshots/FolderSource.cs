using Realign.Clip.Text;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>A downloaded folder with one folder per part.</summary>
/// <param name="folder">Holds <c>model_index.json</c>.</param>
/// <param name="variant">For example <c>fp16</c>; parts without it are loaded from their plain files.</param>
internal sealed class FolderSource(string folder, string? variant) : ISnapshotSource
{
    private const string Weights = "diffusion_pytorch_model";

    public SnapshotIndex Index { get; } = SnapshotIndex.Load(folder);

    public string DefaultsFolder => folder;

    public SchedulerConfig Scheduler() => SchedulerConfig.Load(Path.Combine(Part("scheduler"), "scheduler_config.json"), Index.SchedulerClass);

    public ClipTokenizer Tokenizer(string name) => ClipTokenizer.Load(Part(name));

    public CLIPTextModel TextEncoder(TorchPlacement placement) => CLIPTextModel.Load(Part("text_encoder"), placement, VariantOf("text_encoder", "model"));

    public CLIPTextModelWithProjection TextEncoder2(TorchPlacement placement) =>
        CLIPTextModelWithProjection.Load(Part("text_encoder_2"), placement, VariantOf("text_encoder_2", "model"));

    public UNet2DConditionModel UNet(TorchPlacement placement) => UNet2DConditionModel.Load(Part("unet"), placement, VariantOf("unet", Weights));

    public AutoencoderKL Vae(TorchPlacement placement) => AutoencoderKL.Load(Part("vae"), placement, VariantOf("vae", Weights));

    public void Dispose()
    {
    }

    private string Part(string name) => Path.Combine(folder, name);

    private string? VariantOf(string part, string baseName) => SafetensorsSet.Variants(Part(part), baseName).Contains(variant) ? variant : null;
}
