using Realign.Gateway.Backends;
using Realign.Gateway.Realigning;
using Realign.Gateway.Rewards;
using Realign.Hosting;
using Realign.Hosting.Settings;

namespace Realign.Gateway;

/// <summary>Puts the Gateway together.</summary>
public static class GatewayApp
{
    /// <summary>Port when no address is configured.</summary>
    public const int DefaultPort = 5100;

    /// <summary>The Gateway, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, DefaultPort);
        builder.Services.AddSettings<GatewayOptions, GatewayOptionsValidator>(GatewayOptions.SectionName);
        builder.Services.AddSingleton<BackendSet>();
        builder.Services.AddSingleton<BackendCaller>();
        builder.Services.AddSingleton<MeshStatus>();
        builder.Services.AddSingleton<RealignFlow>();
        builder.Services.AddSingleton<RewardScoring>();
        builder.AddBackendHealth();

        var app = builder.BuildService();
        app.MapGrpcService<GatewayGrpcService>();
        app.MapGrpcService<RewardGrpcService>();
        return app;
    }
}
