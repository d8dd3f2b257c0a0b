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
    public GenerationRequest Request(ulong seed = 7) => RequestFor(Pipeline, seed);

    public static GenerationRequest RequestFor(StableDiffusionPipeline pipeline, ulong seed) => new()
    {
        Prompt = new PromptRequest { Prompts = ["a red car and a green apple"] },
        Scheduler = pipeline.CreateScheduler(),
        Noise = new SeededNoise([seed]),
        Height = Side,
        Width = Side,
        NumInferenceSteps = 4,
        GuidanceScale = 4,
    };

    /// <summary>The values of the image that a request gives.</summary>
    public float[] Draw(GenerationRequest request, CancellationToken cancellation = default) => Draw(Pipeline, request, cancellation);

    public static float[] Draw(StableDiffusionPipeline pipeline, GenerationRequest request, CancellationToken cancellation = default)
    {
        var result = pipeline.Generate(request, cancellation);
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
