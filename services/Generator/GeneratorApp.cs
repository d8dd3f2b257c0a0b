using Microsoft.Extensions.Options;
using Realign.Diffusion.Snapshots;
using Realign.Generator.Drawing;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Torch;
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
        builder.Services.AddModel(MeshService.Generator.Name, provider => Options(provider).QueueLength, Load);

        var app = builder.BuildService();
        app.MapGrpcService<GeneratorGrpcService>();
        return app;
    }

    private static GeneratorOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<GeneratorOptions>>().Value;

    private static ImageDrawer Load(IServiceProvider provider, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        var folder = ModelFolders.Resolve(options.Model);
        TorchRuntime.Initialize(options.Threads, ModelFolders.WeightBytes(options.Model));
        var placement = TorchPlacement.Parse(options.Device, options.DType);
        var pipeline = StableDiffusionSnapshot.Load(folder, placement, options.Variant.Length > 0 ? options.Variant : null);
        var drawer = new ImageDrawer(pipeline, new AdapterShelf(options.Adapters.Length > 0 ? ModelFolders.Resolve(options.Adapters) : null));
        drawer.WarmUp(cancellationToken);
        return drawer;
    }
}
