using Realign.Clip.Text;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Tokenizers;
using Realign.Torch;

namespace Realign.Diffusion.Snapshots;

/// <summary>Where the parts of a pipeline come from. The caller owns what is loaded.</summary>
internal interface ISnapshotSource : IDisposable
{
    /// <summary>Which parts there are.</summary>
    SnapshotIndex Index { get; }

    /// <summary>Folder that may hold defaults of requests.</summary>
    string DefaultsFolder { get; }

    /// <summary>The noise schedule and the model's own scheduler.</summary>
    SchedulerConfig Scheduler();

    /// <summary>A tokenizer by the name of its folder.</summary>
    ClipTokenizer Tokenizer(string name);

    /// <summary>The first or only text encoder.</summary>
    CLIPTextModel TextEncoder(TorchPlacement placement);

    /// <summary>The second text encoder of XL.</summary>
    CLIPTextModelWithProjection TextEncoder2(TorchPlacement placement);

    /// <summary>The denoiser.</summary>
    UNet2DConditionModel UNet(TorchPlacement placement);

    /// <summary>The autoencoder.</summary>
    AutoencoderKL Vae(TorchPlacement placement);
}
