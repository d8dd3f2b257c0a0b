using Microsoft.Extensions.Options;
using Realign.Gateway.Backends;
using Realign.Gateway.Realigning;
using Realign.Gateway.Rewards;
using Realign.Gateway.Verifying;
using Realign.Hosting;
using Realign.Hosting.Settings;
using Realign.OpenInference;
using Realign.V1;
using Realign.Wire.Mesh;

namespace Realign.Gateway;

/// <summary>Puts the Gateway together.</summary>
public static class GatewayApp
{
    /// <summary>The Gateway, ready to run.</summary>
    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, MeshService.Gateway.Port);
        builder.Services.AddSettings<GatewayOptions, GatewayOptionsValidator>(GatewayOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<GatewayOptions>, BackendCertificatesValidator>();
        builder.Services.AddSingleton<BackendCertificates>();
        builder.Services.AddSingleton<BackendSet>();
        builder.Services.AddHttpContextAccessor();
        builder.Services.AddSingleton<BackendKey>();
        builder.Services.AddSingleton<CallerMetadata>();
        builder.Services.AddSingleton<BackendCaller>();
        builder.Services.AddSingleton<MeshStatus>();
        builder.Services.AddSingleton<AdapterListing>();
        builder.Services.AddSingleton<PictureReader>();
        builder.Services.AddSingleton<AttemptFlow>();
        builder.Services.AddSingleton<RealignFlow>();
        builder.Services.AddSingleton<RewardScoring>();
        builder.Services.AddSingleton<RewardMetrics>();
        builder.Services.AddSingleton<GatewayGrpcService>();
        builder.Services.AddOpenInference<RealignInference>();
        builder.AddBackendHealth();

        var app = builder.BuildService();
        app.MapService<GatewayGrpcService>(GatewayService.Descriptor);
        app.MapService<RewardGrpcService>(RewardService.Descriptor);
        app.MapOpenInference();
        return app;
    }
}
