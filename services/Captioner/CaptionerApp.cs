using Microsoft.Extensions.Options;
using Realign.Captioner.Scoring;
using Realign.Captioner.Telemetry;
using Realign.Core.Images;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.OpenInference;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Preference;
using Realign.VisionLanguage.Scoring;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Mesh;

namespace Realign.Captioner;

/// <summary>Puts the Captioner together.</summary>
public static class CaptionerApp
{
    private static readonly PicturePrompt[] BlackA = [new(new Picture(new RgbImage(8, 8, new byte[8 * 8 * 3])), "a")];

    /// <summary>The Captioner, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Captioner.Port);
        var section = builder.Configuration.GetSection(CaptionerOptions.SectionName);
        builder.Services.AddSettings<CaptionerOptions, CaptionerOptionsValidator>(CaptionerOptions.SectionName);
        Add(MeshService.Captioner.Name, options => options.Model, ImageCaptioner.Load,
            (model, token) => _ = model.Describe(BlackA[0].Picture, "", new GenerationOptions { MaxNewTokens = 1 }, token));
        Add("clip", options => options.Clip, ClipScorer.Load, (model, token) => _ = model.Score(BlackA, gradient: false, token));
        AddWhereSet("retrieval", nameof(CaptionerOptions.Retrieval), options => options.Retrieval, RetrievalScorer.Load,
            (model, token) => _ = model.ScoreContrastive(BlackA, gradient: false, token));
        AddWhereSet("hps", nameof(CaptionerOptions.HpsV2), options => options.HpsV2, HpsScorer.Load,
            (model, token) => _ = model.Score(BlackA, gradient: false, token));
        AddWhereSet("pick-score", nameof(CaptionerOptions.PickScore), options => options.PickScore, PickScorer.Load,
            (model, token) => _ = model.Score(BlackA, gradient: false, token));
        AddWhereSet("image-reward", nameof(CaptionerOptions.ImageReward), options => options.ImageReward, ImageRewardScorer.Load,
            (model, token) => _ = model.Score(BlackA, gradient: false, token));
        if (IsSet(nameof(CaptionerOptions.Aesthetic)))
        {
            // it runs with the features of CLIP, on CLIP's thread: on its own there is nothing to probe
            builder.Services.AddModel("aesthetic", QueueCapacity, (provider, token) => Load(provider, options => options.Aesthetic,
                (path, placement, _) => AestheticPredictor.Load(path, ModelFolders.Resolve(Options(provider).Clip), placement), token));
        }

        builder.Services.AddSingleton<PromptScoring>();
        builder.Services.AddSingleton<TokenMetrics>();
        builder.Services.AddSingleton<CaptionerGrpcService>();
        builder.Services.AddOpenInference<CaptionerInference>();
        var app = builder.BuildService();
        RequestImage.Allow(app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.PictureFormats);
        app.MapService<CaptionerGrpcService>(CaptionerService.Descriptor);
        app.MapOpenInference();
        return app;

        bool IsSet(string setting) => section[setting] is { Length: > 0 };

        void AddWhereSet<TModel>(
            string name, string setting, Func<CaptionerOptions, string> path, Func<string, TorchPlacement, CancellationToken, TModel> load,
            Action<TModel, CancellationToken> probe)
            where TModel : class
        {
            if (IsSet(setting))
                Add(name, path, load, probe);
        }

        void Add<TModel>(
            string name, Func<CaptionerOptions, string> path, Func<string, TorchPlacement, CancellationToken, TModel> load,
            Action<TModel, CancellationToken> probe)
            where TModel : class => builder.Services.AddModel(name, QueueCapacity, (provider, token) => Load(provider, path, load, token), probe,
                (provider, model, token) => Load(provider, _ => model, load, token));
    }

    private static int QueueCapacity(IServiceProvider provider) => Options(provider).QueueCapacity;

    private static CaptionerOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<CaptionerOptions>>().Value;

    private static TModel Load<TModel>(
        IServiceProvider provider, Func<CaptionerOptions, string> path, Func<string, TorchPlacement, CancellationToken, TModel> load,
        CancellationToken cancellationToken)
    {
        var options = Options(provider);
        RequestImage.WarmUp();
        TorchRuntime.Initialize(options.Threads, ModelFolders.WeightBytes(options.Models));
        return load(ModelFolders.Resolve(path(options)), TorchPlacement.Parse(options.Device, options.DType), cancellationToken);
    }
}
