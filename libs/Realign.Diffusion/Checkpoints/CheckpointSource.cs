using Realign.Clip.Text;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Safetensors;
using Realign.Tokenizers;
using Realign.Torch;

namespace Realign.Diffusion.Checkpoints;

/// <summary>A checkpoint in one file.</summary>
/// <param name="checkpoint">Disposed with this.</param>
internal sealed class CheckpointSource(SingleFileCheckpoint checkpoint) : ISnapshotSource
{
    public SnapshotIndex Index => checkpoint.Index;

    public string DefaultsFolder => checkpoint.ConfigFolder;

    public SchedulerConfig Scheduler() =>
        SchedulerConfig.Parse(checkpoint.ConfigJson("scheduler"), checkpoint.Config("scheduler").Path, Index.SchedulerClass);

    public ClipTokenizer Tokenizer(string name) => checkpoint.TokenizerFiles(name) is { } files
        ? ClipTokenizer.Published(files)
        : ClipTokenizer.Load(checkpoint.FolderOf(name));

    public CLIPTextModel TextEncoder(TorchPlacement placement) => With("text_encoder", weights =>
        CLIPTextModel.Load(CLIPTextConfig.Read(checkpoint.Config("text_encoder")), weights, placement));

    public CLIPTextModelWithProjection TextEncoder2(TorchPlacement placement) => With("text_encoder_2", weights => CLIPTextModelWithProjection.Load(
        CLIPTextConfig.Read(checkpoint.Config("text_encoder_2")), weights, placement, checkpoint.Rules("text_encoder_2")));

    public UNet2DConditionModel UNet(TorchPlacement placement) => With("unet", weights =>
        UNet2DConditionModel.Load(UNet2DConditionConfig.Read(checkpoint.Config("unet")), weights, placement));

    public AutoencoderKL Vae(TorchPlacement placement) => With("vae", weights =>
        AutoencoderKL.Load(AutoencoderKLConfig.Read(checkpoint.Config("vae")), weights, placement));

    public void Dispose() => checkpoint.Dispose();

    private TModel With<TModel>(string part, Func<SafetensorsSet, TModel> load)
    {
        using var weights = checkpoint.Weights(part);
        return load(weights);
    }
}
