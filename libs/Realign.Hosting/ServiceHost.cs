using Grpc.AspNetCore.HealthChecks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Realign.Hosting.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Settings;

namespace Realign.Hosting;

/// <summary>What all services of the mesh share: HTTP/2, limits, health, reflection, error mapping, logging, draining.</summary>
public static class ServiceHost
{
    /// <summary>A builder with everything a service needs but its own classes.</summary>
    /// <param name="args">Command line; settings as <c>--Section:Name=value</c>.</param>
    /// <param name="defaultPort">Port when no address is configured.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, int defaultPort)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        // checked in BuildService, with the settings of all other sections
        var hosting = new HostingOptions();
        new SettingsReader<HostingOptions>(builder.Configuration, HostingOptions.SectionName).Configure(hosting);
        builder.Services.AddSettings<HostingOptions, HostingOptionsValidator>(HostingOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, ListenAddressValidator>();
        builder.Services.AddSingleton(TimeProvider.System);

        if (builder.Configuration[WebHostDefaults.ServerUrlsKey] is null)
            builder.WebHost.UseUrls($"http://0.0.0.0:{defaultPort}");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // HTTP/2 without TLS: only prior knowledge works, so the endpoint speaks nothing else
            kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = 4 << 20;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 8 << 20;
        });
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(hosting.DrainSeconds));
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = hosting.MaxMessageMegabytes << 20;
            options.MaxSendMessageSize = hosting.MaxMessageMegabytes << 20;
            options.EnableDetailedErrors = false;
            options.Interceptors.Add<ExceptionInterceptor>();
        });
        builder.Services.AddGrpcReflection();
        builder.Services.AddGrpcHealthChecks(options => options.Services.Map("", _ => true));
        // lines for the eye unless the configuration asks for json, which the slim builder does not listen to
        builder.Logging.AddConsole(options => options.FormatterName = builder.Configuration["Logging:Console:FormatterName"] ?? ConsoleFormatterNames.Simple);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // RunAsync says why a service cannot start
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        // the framework logs each failed call as an error of its own; the interceptor has said what there is to say
        builder.Logging.AddFilter("Grpc.AspNetCore.Server.ServerCallHandler", LogLevel.None);
        // a model that is still loading is no failure, and the model host has said what keeps one from loading
        builder.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService", LogLevel.None);
        return builder;
    }

    /// <summary>
    /// Adds a model that is loaded when the process starts, on a thread of its own. Health answers for it under its name, and for
    /// the whole process under the empty name.
    /// </summary>
    public static IServiceCollection AddModel<TModel>(
        this IServiceCollection services, string name, Func<IServiceProvider, int> queueCapacity, Func<IServiceProvider, CancellationToken, TModel> load)
        where TModel : class
    {
        services.AddSingleton(provider => new ModelHost<TModel>(
            name, queueCapacity(provider), token => load(provider, token), provider.GetRequiredService<ILogger<ModelHost<TModel>>>()));
        services.AddSingleton<IModelState>(provider => provider.GetRequiredService<ModelHost<TModel>>());
        services.AddHostedService(provider => provider.GetRequiredService<ModelHost<TModel>>());
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            name, provider => new ModelHealthCheck(provider.GetRequiredService<ModelHost<TModel>>()), HealthStatus.Unhealthy, tags: null));
        services.Configure<GrpcHealthChecksOptions>(options => options.Services.Map(name, check => check.Name == name));
        return services;
    }

    /// <summary>Builds the application with health and reflection mapped; the caller maps its own services.</summary>
    /// <exception cref="OptionsValidationException">Settings of one section are not usable; of several sections it is an <see cref="AggregateException"/> of these.</exception>
    public static WebApplication BuildService(this WebApplicationBuilder builder)
    {
        var app = builder.Build();
        // before anything reads them, so that those of all sections are reported together
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.UseMiddleware<MalformedMessageMiddleware>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        return app;
    }

    /// <summary>Runs a service until SIGTERM; a wrong setting ends it with one readable message instead of a stack trace.</summary>
    /// <returns>Exit code: 0 after a clean stop, 1 when it could not start.</returns>
    public static async Task<int> RunAsync(Func<string[], WebApplication> build, string[] args)
    {
        try
        {
            await using var app = build(args);
            await app.RunAsync();
            return 0;
        }
        catch (Exception exception) when (SettingFailures(exception) is { Count: > 0 } failures)
        {
            await Console.Error.WriteLineAsync("The settings are not usable:");
            foreach (var failure in failures)
                await Console.Error.WriteLineAsync($"  - {failure}");
        }
        catch (IOException exception)
        {
            await Console.Error.WriteLineAsync($"Cannot listen: {exception.Message} Stop the other process, or choose another port with --urls http://0.0.0.0:PORT.");
        }

        return 1;
    }

    private static List<string> SettingFailures(Exception exception) => exception switch
    {
        OptionsValidationException invalid => [.. invalid.Failures],
        AggregateException several => [.. several.InnerExceptions.SelectMany(SettingFailures)],
        _ => [],
    };

    /// <summary>Serving means: loaded and warmed up.</summary>
    private sealed class ModelHealthCheck(IModelState model) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(model.Status == ModelStatus.Ready
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy(model.Problem ?? "loading"));
    }
}
