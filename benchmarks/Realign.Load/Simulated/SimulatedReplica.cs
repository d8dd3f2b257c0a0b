using Microsoft.AspNetCore.Builder;
using Realign.Hosting;

namespace Realign.LoadBenchmark.Simulated;

/// <summary>All five services behind the Gateway in one process: the real host, queue and protocol, and a model that only takes time.</summary>
internal static class SimulatedReplica
{
    /// <summary>Time of one step.</summary>
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);

    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddModel("simulated", _ => 16, (_, _) => new SimulatedModel(Step));
        var app = builder.BuildService();
        app.MapGrpcService<SimulatedGenerator>();
        app.MapGrpcService<SimulatedTagger>();
        app.MapGrpcService<SimulatedCaptioner>();
        app.MapGrpcService<SimulatedSceneScorer>();
        app.MapGrpcService<SimulatedSegmenter>();
        return app;
    }
}
