using Microsoft.Extensions.Options;
using Realign.Grounding.Segmentation;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Requests;
using Realign.Hosting.Settings;
using Realign.Onnx;

namespace Realign.Segmenter;

/// <summary>Puts the Segmenter together.</summary>
public static partial class SegmenterApp
{
    /// <summary>Port when no address is configured.</summary>
    public const int DefaultPort = 5105;

    /// <summary>The Segmenter, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, DefaultPort);
        builder.Services.AddSettings<SegmenterOptions, SegmenterOptionsValidator>(SegmenterOptions.SectionName);
        builder.Services.AddModel("segmenter", provider => Options(provider).QueueLength, Load);

        var app = builder.BuildService();
        app.MapGrpcService<SegmenterGrpcService>();
        return app;
    }

    private static SegmenterOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<SegmenterOptions>>().Value;

    private static GroundedSegmenter Load(IServiceProvider provider, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        var segmenter = GroundedSegmenter.Open(ModelFolders.Resolve(options.Detector), ModelFolders.Resolve(options.MaskModel),
            new OnnxModelOptions { Threads = options.Threads, Device = options.Device }, cancellationToken);
        if (segmenter.Warning is { } warning)
            Log.Odd(provider.GetRequiredService<ILogger<GroundedSegmenter>>(), warning);
        return segmenter;
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 400, Level = LogLevel.Warning, Message = "{Warning}")]
        public static partial void Odd(ILogger logger, string warning);
    }
}
