using Grpc.AspNetCore.HealthChecks;
using Inference;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realign.Hosting;
using Realign.Hosting.Settings;
using Realign.OpenInference.Models;
using Realign.OpenInference.Repository;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Telemetry;

namespace Realign.OpenInference;

/// <summary>Adds the Open Inference Protocol to a service, on its port.</summary>
public static class OpenInferenceExtensions
{
    /// <summary>Adds the protocol with one model.</summary>
    /// <typeparam name="TModel">Maps its tensors.</typeparam>
    /// <param name="services">Where.</param>
    public static IServiceCollection AddOpenInference<TModel>(this IServiceCollection services)
        where TModel : class, IInferenceModel
    {
        services.AddSettings<OpenInferenceOptions, OpenInferenceOptionsValidator>(OpenInferenceOptions.SectionName);
        services.AddSingleton<IInferenceModel, TModel>();
        services.AddSingleton<ModelCatalog>();
        services.AddSingleton<InferenceRunner>();
        services.AddSingleton<ModelRepository>();
        services.AddSingleton<TritonMetrics>();
        return services;
    }

    /// <summary>Maps the protocol; health answers for the model under the name that the protocol has for it.</summary>
    /// <param name="app">Where.</param>
    public static void MapOpenInference(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.MapService<OpenInferenceGrpcService>(GRPCInferenceService.Descriptor);
        app.Services.GetRequiredService<TritonMetrics>().Watch();
        var health = app.Services.GetRequiredService<IOptions<GrpcHealthChecksOptions>>().Value.Services;
        foreach (var model in app.Services.GetServices<IInferenceModel>())
        {
            if (model.Served?.Name is { } name)
                health.Map(model.Signature.Name, check => check.Name == name);
        }
    }
}
