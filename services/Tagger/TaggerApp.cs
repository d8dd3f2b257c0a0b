using Microsoft.Extensions.Options;
using Realign.Core.Images;
using Realign.Grounding.Tagging;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Onnx;
using Realign.OpenInference;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Mesh;

namespace Realign.Tagger;

/// <summary>Puts the Tagger together.</summary>
public static partial class TaggerApp
{
    /// <summary>The Tagger, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Tagger.Port);
        builder.Services.AddSettings<TaggerOptions, TaggerOptionsValidator>(TaggerOptions.SectionName);
        builder.Services.AddModel(MeshService.Tagger.Name, provider => Options(provider).QueueCapacity,
            (provider, token) => Load(provider, Options(provider).Model, token), Probe, Load);
        builder.Services.AddSingleton<TaggerGrpcService>();
        builder.Services.AddOpenInference<TaggerInference>();

        var app = builder.BuildService();
        RequestImage.Allow(app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.PictureFormats);
        app.MapService<TaggerGrpcService>(TaggerService.Descriptor);
        app.MapOpenInference();
        return app;
    }

    private static TaggerOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<TaggerOptions>>().Value;

    private static ImageTagger Load(IServiceProvider provider, string model, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        var tagger = ImageTagger.Open(
            ModelFolders.Resolve(model), new OnnxModelOptions { Threads = options.Threads, Device = options.Device }, cancellationToken);
        if (tagger.Warning is { } warning)
            Log.Odd(provider.GetRequiredService<ILogger<ImageTagger>>(), warning);
        return tagger;
    }

    private static void Probe(ImageTagger model, CancellationToken token) =>
        _ = model.Tag(new RgbImage(8, 8, new byte[8 * 8 * 3]), threshold: null, includeUngroundable: true, token);

    private static partial class Log
    {
        [LoggerMessage(EventId = 300, Level = LogLevel.Warning, Message = "{Warning}")]
        public static partial void Odd(ILogger logger, string warning);
    }
}
