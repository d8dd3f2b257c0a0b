using Microsoft.Extensions.Options;
using Realign.Core.Images;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Scoring;
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
        builder.Services.AddModel(
            MeshService.Captioner.Name, QueueCapacity, (provider, token) => Load(provider, options => options.Model, ImageCaptioner.Load, token), Probe);
        builder.Services.AddModel("clip", QueueCapacity, (provider, token) => Load(provider, options => options.Clip, ClipScorer.Load, token), Probe);
        if (section[nameof(CaptionerOptions.Retrieval)] is { Length: > 0 })
        {
            builder.Services.AddModel(
                "retrieval", QueueCapacity, (provider, token) => Load(provider, options => options.Retrieval, RetrievalScorer.Load, token), Probe);
        }

        var app = builder.BuildService();
        RequestImage.Allow(app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.PictureFormats);
        app.MapGrpcService<CaptionerGrpcService>();
        return app;
    }

    private static int QueueCapacity(IServiceProvider provider) => Options(provider).QueueCapacity;

    private static void Probe(ImageCaptioner model, CancellationToken token) =>
        _ = model.Describe(Black(), "", new GenerationOptions { MaxNewTokens = 1 }, token);

    private static void Probe(ClipScorer model, CancellationToken token) => _ = model.Score([new PicturePrompt(Black(), "a")], gradient: false, token);

    private static void Probe(RetrievalScorer model, CancellationToken token) =>
        _ = model.ScoreContrastive([new PicturePrompt(Black(), "a")], gradient: false, token);

    private static Picture Black() => new(new RgbImage(8, 8, new byte[8 * 8 * 3]));

    private static CaptionerOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<CaptionerOptions>>().Value;

    private static TModel Load<TModel>(
        IServiceProvider provider, Func<CaptionerOptions, string> folder, Func<string, TorchPlacement, CancellationToken, TModel> load,
        CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        TorchRuntime.Initialize(
            options.Threads, ModelFolders.WeightBytes(new[] { options.Model, options.Clip, options.Retrieval }.Where(name => name.Length > 0)));
        return load(ModelFolders.Resolve(folder(options)), TorchPlacement.Parse(options.Device, options.DType), cancellationToken);
    }
}
