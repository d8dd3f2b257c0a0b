using Microsoft.Extensions.Options;
using Realign.Core.Images;
using Realign.Grounding.Segmentation;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Onnx;
using Realign.OpenInference;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Mesh;

namespace Realign.Segmenter;

/// <summary>Puts the Segmenter together.</summary>
public static partial class SegmenterApp
{
    // a version that is loaded by a call is one folder with both
    private const string DetectorFolder = "dino";
    private const string MaskModelFolder = "sam";

    /// <summary>The Segmenter, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Segmenter.Port);
        builder.Services.AddSettings<SegmenterOptions, SegmenterOptionsValidator>(SegmenterOptions.SectionName);
        builder.Services.AddModel(MeshService.Segmenter.Name, provider => Options(provider).QueueCapacity,
            (provider, token) => Load(provider, Options(provider).Detector, Options(provider).MaskModel, token), Probe,
            (provider, folder, token) => Load(provider, $"{folder}/{DetectorFolder}", $"{folder}/{MaskModelFolder}", token));
        builder.Services.AddSingleton<SegmenterGrpcService>();
        builder.Services.AddOpenInference<SegmenterInference>();

        var app = builder.BuildService();
        RequestImage.Allow(app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.PictureFormats);
        app.MapService<SegmenterGrpcService>(SegmenterService.Descriptor);
        app.MapOpenInference();
        return app;
    }

    private static SegmenterOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<SegmenterOptions>>().Value;

    private static GroundedSegmenter Load(IServiceProvider provider, string detector, string maskModel, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        var segmenter = GroundedSegmenter.Open(ModelFolders.Resolve(detector), ModelFolders.Resolve(maskModel),
            new OnnxModelOptions { Threads = options.Threads, Device = options.Device }, cancellationToken);
        if (segmenter.Warning is { } warning)
            Log.Odd(provider.GetRequiredService<ILogger<GroundedSegmenter>>(), warning);
        return segmenter;
    }

    // no threshold is too high for noise: one box and one mask at least
    private static void Probe(GroundedSegmenter model, CancellationToken token) =>
        _ = model.Segment(new RgbImage(8, 8, new byte[8 * 8 * 3]), ["car"], new SegmentationOptions { BoxThreshold = 0.001f, MaxDetections = 1 }, token);

    private static partial class Log
    {
        [LoggerMessage(EventId = 400, Level = LogLevel.Warning, Message = "{Warning}")]
        public static partial void Odd(ILogger logger, string warning);
    }
}
