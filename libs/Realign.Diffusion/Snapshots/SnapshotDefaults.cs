using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;

namespace Realign.Diffusion.Snapshots;

/// <summary>How a snapshot is meant to be used: what its folder says, else what its family is used with.</summary>
public static class SnapshotDefaults
{
    /// <summary>File of a folder that says it: <c>num_inference_steps</c> and <c>guidance_scale</c>, each optional.</summary>
    public const string FileName = "realign.json";

    // defaults of diffusers' StableDiffusionPipeline, StableDiffusionXLPipeline and LatentConsistencyModelPipeline
    private static readonly GenerationDefaults StableDiffusion = new(50, 7.5);
    private static readonly GenerationDefaults StableDiffusionXL = new(50, 5);
    private static readonly GenerationDefaults LatentConsistency = new(4, 8.5);

    // a consistency model that is not told the guidance has it inside
    private static readonly GenerationDefaults LatentConsistencyUntold = new(4, 1);

    /// <summary>Settings of a request that names none.</summary>
    /// <param name="folder">Folder of the snapshot.</param>
    /// <param name="index">Its index.</param>
    /// <param name="scheduler">Its own scheduler; null when that is not implemented.</param>
    /// <param name="unet">Its UNet.</param>
    /// <exception cref="ModelLoadException">The file is there and a value is not usable; lists all.</exception>
    public static GenerationDefaults Load(string folder, SnapshotIndex index, SchedulerKind? scheduler, UNet2DConditionConfig unet)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(unet);
        var family = OfFamily(index, scheduler, unet);
        var path = Path.Combine(folder, FileName);
        if (!ModelFile.Exists(path))
            return family;
        var file = ConfigReader.Open(path);
        var own = new GenerationDefaults(
            file.Int("num_inference_steps", family.NumInferenceSteps, min: 1, max: 1000), file.Double("guidance_scale", family.GuidanceScale, min: 0, max: 50));
        file.ThrowIfAny();
        return own;
    }

    private static GenerationDefaults OfFamily(SnapshotIndex index, SchedulerKind? scheduler, UNet2DConditionConfig unet)
    {
        if (index.IsLatentConsistency || scheduler == SchedulerKind.LCM)
            return unet.TimeCondProjDim is null ? LatentConsistencyUntold : LatentConsistency;
        return index.IsXl ? StableDiffusionXL : StableDiffusion;
    }
}
