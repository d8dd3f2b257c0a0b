using Microsoft.Extensions.Options;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.Wire.Images;
using Realign.Wire.Mesh;

namespace Realign.Captioner;

/// <summary>Puts the Captioner together.</summary>
public static class CaptionerApp
{
    /// <summary>The Captioner, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Captioner.Port);
        var section = builder.Configuration.GetSection(CaptionerOptions.SectionName);
        builder.Services.AddSettings<CaptionerOptions, CaptionerOptionsValidator>(CaptionerOptions.SectionName);
        builder.Services.AddModel(MeshService.Captioner.Name, QueueLength, (provider, token) => Load(provider, options => options.Model, ImageCaptioner.Load, token));
        builder.Services.AddModel("clip", QueueLength, (provider, token) => Load(provider, options => options.Clip, ClipScorer.Load, token));
        if (section[nameof(CaptionerOptions.Retrieval)] is { Length: > 0 })
            builder.Services.AddModel("retrieval", QueueLength, (provider, token) => Load(provider, options => options.Retrieval, RetrievalScorer.Load, token));

        var app = builder.BuildService();
        app.MapGrpcService<CaptionerGrpcService>();
        return app;
    }

    private static int QueueLength(IServiceProvider provider) => Options(provider).QueueLength;

    private static CaptionerOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<CaptionerOptions>>().Value;

    private static TModel Load<TModel>(
        IServiceProvider provider, Func<CaptionerOptions, string> folder, Func<string, TorchPlacement, CancellationToken, TModel> load, CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        TorchRuntime.Initialize(options.Threads, ModelFolders.WeightBytes(new[] { options.Model, options.Clip, options.Retrieval }.Where(name => name.Length > 0)));
        return load(ModelFolders.Resolve(folder(options)), TorchPlacement.Parse(options.Device, options.DType), cancellationToken);
    }
}
