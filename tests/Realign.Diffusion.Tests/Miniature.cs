using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Testing;
using Realign.Torch;
using TorchSharp;

namespace Realign.Diffusion.Tests;

/// <summary>The embedded generator, loaded once for a class of tests.</summary>
public sealed class Miniature : IDisposable
{
    public const int Side = 64;

    public Miniature()
    {
        TorchRuntime.Initialize(0);
        Pipeline = StableDiffusionSnapshot.Load(Checkout.Miniature("generator"), TorchPlacement.Cpu);
    }

    public StableDiffusionPipeline Pipeline { get; }

    /// <summary>One image of four steps.</summary>
    public static GenerationRequest Request(ulong seed = 7) => new()
    {
        Prompt = new PromptRequest { Prompts = ["a red car and a green apple"] },
        Seeds = [seed],
        Height = Side,
        Width = Side,
        NumInferenceSteps = 4,
        GuidanceScale = 4,
    };

    /// <summary>The values of the image that a request gives.</summary>
    public float[] Generate(GenerationRequest request, PipelineHooks? hooks = null, CancellationToken cancellation = default) =>
        Generate(Pipeline, request, hooks, cancellation);

    public static float[] Generate(StableDiffusionPipeline pipeline, GenerationRequest request, PipelineHooks? hooks = null,
        CancellationToken cancellation = default)
    {
        var result = pipeline.Generate(request, hooks, cancellation);
        using (result.Images)
        using (result.Latents)
            return TensorConvert.ToSingles(result.Images);
    }

    /// <summary>Live tensors, after those that earlier tests left to the collector are gone.</summary>
    public static long SettledTensors()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return torch.Tensor.TotalCount;
    }

    public void Dispose() => Pipeline.Dispose();
}
