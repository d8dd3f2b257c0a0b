using Microsoft.Extensions.Options;
using Realign.Core.Memory;
using Realign.Diffusion.Generation;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.TextualInversion;
using Realign.Generator.Events;
using Realign.Generator.Telemetry;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.OpenInference;
using Realign.Torch;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Mesh;

namespace Realign.Generator;

/// <summary>Puts the Generator together.</summary>
public static class GeneratorApp
{
    /// <summary>The Generator, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Generator.Port);
        builder.Services.AddSettings<GeneratorOptions, GeneratorOptionsValidator>(GeneratorOptions.SectionName);
        builder.Services.AddSingleton<DenoisingMetrics>();
        builder.Services.AddModel(MeshService.Generator.Name, provider => Options(provider).QueueCapacity,
            (provider, token) => Load(provider, Options(provider).Model, token), Probe, Load);
        builder.Services.AddSingleton<GeneratorGrpcService>();
        builder.Services.AddOpenInference<GeneratorInference>();

        var app = builder.BuildService();
        RequestImage.Allow(app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.PictureFormats);
        app.MapService<GeneratorGrpcService>(GeneratorService.Descriptor);
        app.MapOpenInference();
        return app;
    }

    private static GeneratorOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<GeneratorOptions>>().Value;

    private static ImageGenerator Load(IServiceProvider provider, string model, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        var folder = ModelFolders.Resolve(model);
        TorchRuntime.Initialize(options.Threads, ModelFolders.WeightBytes(folder));
        var placement = TorchPlacement.Parse(options.Device, options.DType);
        var pipeline = StableDiffusionSnapshot.Load(folder, placement, options.Variant.Length > 0 ? options.Variant : null);
        var adapters = new AdapterFolder(
            options.Adapters.Length > 0 ? ModelFolders.Resolve(options.Adapters) : null, (long)options.AdapterMemoryMegabytes << 20);
        var embeddings = new EmbeddingFolder(options.Embeddings.Length > 0 ? ModelFolders.Resolve(options.Embeddings) : null);
        var budget = PixelBudget.For(pipeline, AvailableMemory.Bytes());
        var maxPixels = options.MaxPixels ?? budget.MaxPixels;
        GeneratorLog.Pixels(provider.GetRequiredService<ILogger<ImageGenerator>>(), maxPixels, budget.BytesPerPixel, options.MaxPixels is null ? "from memory"
            : "from the settings");
        var generator = new ImageGenerator(pipeline, adapters, embeddings, maxPixels);
        // the first caller does not wait for lazy set-up
        Probe(generator, cancellationToken);
        return generator;
    }

    private static void Probe(ImageGenerator generator, CancellationToken cancellationToken)
    {
        var oneStep = new GenerationRequest
        {
            Prompt = new PromptRequest { Prompts = ["a"] },
            Seeds = [0],
            NumInferenceSteps = 1,
            GuidanceScale = 2,
            Scheduler = generator.OwnScheduler ?? SchedulerKind.DDIM,
        };
        _ = generator.Generate(oneStep, new EventQueue(), null, cancellationToken);
    }
}
