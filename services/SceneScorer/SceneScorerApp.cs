using Microsoft.Extensions.Options;
using Realign.Core;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;
using Realign.Llama.Chat;
using Realign.OpenInference;
using Realign.SceneScoring;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.SceneScorer;

/// <summary>The scene scorer process: one language model behind gRPC.</summary>
public static class SceneScorerApp
{
    /// <summary>Builds the application.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.SceneScorer.Port, hosting => hosting.MaxMessageMegabytes = Limits.TextMessageMegabytes);
        builder.Services.AddSettings<SceneScorerOptions, SceneScorerOptionsValidator>(SceneScorerOptions.SectionName);
        builder.Services.AddModel(
            MeshService.SceneScorer.Name, provider => Settings(provider).QueueCapacity, (provider, token) => Load(provider, Settings(provider).Model, token),
            (model, token) => _ = model.Score("a car", ["car"], token), Load);
        builder.Services.AddSingleton<SceneScorerGrpcService>();
        builder.Services.AddOpenInference<SceneScorerInference>();
        var app = builder.BuildService();
        app.MapService<SceneScorerGrpcService>(SceneScorerService.Descriptor);
        app.MapOpenInference();
        return app;
    }

    private static Realign.SceneScoring.SceneScorer Load(IServiceProvider provider, string model, CancellationToken cancellationToken)
    {
        var settings = Settings(provider);
        var options = new SceneScoringOptions
        {
            ContextSize = settings.ContextSize,
            Threads = settings.Threads,
            MaxTagsPerTurn = settings.MaxTagsPerTurn,
            ChatFormat = settings.ChatFormat.Length > 0 ? Enum.Parse<ChatFamily>(settings.ChatFormat, ignoreCase: true) : null,
            UseGpu = settings.Device == "cuda",
        };
        return Realign.SceneScoring.SceneScorer.Load(ModelFolders.Resolve(model), options, cancellationToken);
    }

    private static SceneScorerOptions Settings(IServiceProvider provider) => provider.GetRequiredService<IOptions<SceneScorerOptions>>().Value;
}
