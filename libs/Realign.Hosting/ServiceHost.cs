using System.Net;
using Grpc.AspNetCore.HealthChecks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Realign.Hosting.Access;
using Realign.Hosting.Connections;
using Realign.Hosting.Errors;
using Realign.Hosting.Logs;
using Realign.Hosting.Models;
using Realign.Hosting.Receiving;
using Realign.Hosting.Settings;
using Realign.Hosting.Telemetry;
using ServiceDescriptor = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Realign.Hosting;

/// <summary>What all services of the mesh share: HTTP/2, limits, health, reflection, error mapping, logging, draining.</summary>
public static class ServiceHost
{
    /// <summary>Exit code of a process that did not wait any longer for the thread of a model.</summary>
    public const int StuckExitCode = 3;

    /// <summary>A builder with everything a service needs but its own classes.</summary>
    /// <param name="args">Command line; settings as <c>--Section:Name=value</c>.</param>
    /// <param name="defaultPort">Port when no address is configured.</param>
    /// <param name="defaults">Changes what the shared settings are when nobody sets them.</param>
    public static WebApplicationBuilder CreateBuilder(string[] args, int defaultPort, Action<HostingOptions>? defaults = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        // checked in BuildService, with the settings of all other sections
        var hosting = new HostingOptions();
        defaults?.Invoke(hosting);
        if (defaults is not null)
            builder.Services.Configure(defaults);
        new SettingsReader<HostingOptions>(builder.Configuration, HostingOptions.SectionName).Configure(hosting);
        BoundedLog.Install((long)Math.Max(1, hosting.MaxLogMegabytes) << 20);
        builder.Services.AddSettings<HostingOptions, HostingOptionsValidator>(HostingOptions.SectionName);
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, ListenAddressValidator>();
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, KeyFileValidator>();
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>, CertificateFilesValidator>();
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddSingleton<ServerTls>();
        builder.Services.AddSingleton<ConnectionAge>();
        builder.Services.AddSingleton<ReceiveBudget>();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddTelemetry(hosting);

        if (builder.Configuration[WebHostDefaults.ServerUrlsKey] is null && IPAddress.TryParse(hosting.Address, out var address))
            builder.WebHost.UseUrls($"{(hosting.CertificateFile.Length > 0 ? "https" : "http")}://{new IPEndPoint(address, defaultPort)}");
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureEndpointDefaults(Protect);
            kestrel.Limits.MaxRequestBodySize = null;
            // one slow message must not end the other calls of its connection: CountedReader has the rule for each
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MaxConcurrentConnections = hosting.MaxConnections;
            kestrel.Limits.MaxRequestHeadersTotalSize = RequestFieldsMiddleware.MaxFieldBytes;
            kestrel.Limits.Http2.MaxRequestHeaderFieldSize = RequestFieldsMiddleware.MaxFieldBytes;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(hosting.MessageSeconds);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(hosting.IdleConnectionSeconds);
            kestrel.Limits.Http2.MaxStreamsPerConnection = hosting.MaxCallsPerConnection;
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
        builder.Services.AddGrpcHealthChecks(options =>
        {
            options.Services.Map("", _ => true);
            options.Services.Map(LivenessCheck.Name, check => check.Name == LivenessCheck.Name);
        }).AddCheck<LivenessCheck>(LivenessCheck.Name);
        // lines for the eye unless the configuration asks for json, which the slim builder does not listen to
        builder.Logging.AddConsole(options => options.FormatterName = builder.Configuration["Logging:Console:FormatterName"] ?? ConsoleFormatterNames.Simple);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // strangers shall not fill the log with connections that found no room: kestrel_rejected_connections_total counts them
        builder.Logging.AddFilter("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);
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
    /// <param name="services">Where.</param>
    /// <param name="name">Name for messages and health.</param>
    /// <param name="queueCapacity">Calls that may wait.</param>
    /// <param name="load">Reads and warms the model.</param>
    /// <param name="probe">A small real call that throws when the model is broken; see <see cref="ModelHostOptions{TModel}.Probe"/>.</param>
    /// <param name="loadFrom">Reads and warms another version; see <see cref="ModelHostOptions{TModel}.LoadFrom"/>.</param>
    public static IServiceCollection AddModel<TModel>(
        this IServiceCollection services, string name, Func<IServiceProvider, int> queueCapacity, Func<IServiceProvider, CancellationToken, TModel> load,
        Action<TModel, CancellationToken>? probe = null, Func<IServiceProvider, string, CancellationToken, TModel>? loadFrom = null)
        where TModel : class
    {
        services.AddSingleton(provider => new ModelHost<TModel>(
            new ModelHostOptions<TModel>
            {
                Name = name,
                QueueCapacity = queueCapacity(provider),
                Load = token => load(provider, token),
                LoadFrom = loadFrom is null ? null : (model, token) => loadFrom(provider, model, token),
                Probe = probe,
                Metrics = provider.GetRequiredService<ServiceMetrics>(),
                StallRule = provider.GetRequiredService<IOptions<HostingOptions>>().Value.StallRule(),
            },
            provider.GetRequiredService<ILogger<ModelHost<TModel>>>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IModelState>(provider => provider.GetRequiredService<ModelHost<TModel>>());
        services.AddHostedService(provider => provider.GetRequiredService<ModelHost<TModel>>());
        services.AddHealthChecks().Add(new HealthCheckRegistration(
            name, provider => new ModelHealthCheck(provider.GetRequiredService<ModelHost<TModel>>()), HealthStatus.Unhealthy, tags: null));
        services.Configure<GrpcHealthChecksOptions>(options => options.Services.Map(name, check => check.Name == name));
        return services;
    }

    /// <summary>Builds the application with health and reflection mapped; the caller maps its own services.</summary>
    /// <exception cref="OptionsValidationException">
    /// Settings of one section are not usable; of several sections it is an <see cref="AggregateException"/> of these.
    /// </exception>
    public static WebApplication BuildService(this WebApplicationBuilder builder)
    {
        var app = builder.Build();
        // before anything reads them, so that those of all sections are reported together
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.Services.GetRequiredService<ServiceMetrics>().Watch(app.Services.GetServices<IModelState>);
        app.UseMiddleware<RequestFieldsMiddleware>();
        if (app.Services.GetRequiredService<IOptions<HostingOptions>>().Value.KeyFile.Length > 0)
            app.UseMiddleware<AccessMiddleware>();
        app.UseMiddleware<ReceivingMiddleware>();
        app.UseMiddleware<MalformedMessageMiddleware>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        return app;
    }

    /// <summary>
    /// Maps a service; health answers for it under its full name, e.g. <c>realign.v1.TaggerService</c>, as for the process unless it is told more.
    /// </summary>
    /// <typeparam name="TService">Its implementation.</typeparam>
    /// <param name="app">Where.</param>
    /// <param name="descriptor">Of its proto.</param>
    public static void MapService<TService>(this WebApplication app, ServiceDescriptor descriptor)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(descriptor);
        app.MapGrpcService<TService>();
        var names = app.Services.GetRequiredService<IOptions<GrpcHealthChecksOptions>>().Value.Services;
        if (names.All(mapping => mapping.Name != descriptor.FullName))
            names.Map(descriptor.FullName, _ => true);
    }

    /// <summary>Runs a service until SIGTERM; a wrong setting ends it with one readable message instead of a stack trace.</summary>
    /// <returns>Exit code: 0 after a clean stop, 1 when it could not start, 3 when it stopped without waiting any longer for a model's thread.</returns>
    public static async Task<int> RunAsync(Func<string[], WebApplication> build, string[] args)
    {
        try
        {
            IModelState[] models;
            await using (var app = build(args))
            {
                models = [.. app.Services.GetServices<IModelState>()];
                await app.RunAsync();
            }

            List<string> stuck = [.. models.Where(model => !model.IsEnded).Select(model => model.Name)];
            if (stuck.Count == 0)
                return 0;
            await Console.Error.WriteLineAsync(
                $"The thread of {string.Join(" and ", stuck)} did not end within {ModelRunner.StopLimit.TotalSeconds:0} s: the process ends without it.");
            return StuckExitCode;
        }
        catch (Exception exception) when (SettingFailures(exception) is { Count: > 0 } failures)
        {
            await Console.Error.WriteLineAsync("The settings are not usable:");
            foreach (var failure in failures)
                await Console.Error.WriteLineAsync($"  - {failure}");
        }
        catch (IOException exception)
        {
            await Console.Error.WriteLineAsync(
                $"Cannot listen: {exception.Message} Stop the other process, or choose another port with --urls http://127.0.0.1:PORT.");
        }

        return 1;
    }

    private static void Protect(ListenOptions endpoint)
    {
        // HTTP/2 without TLS: only prior knowledge works, so the endpoint speaks nothing else
        endpoint.Protocols = HttpProtocols.Http2;
        endpoint.Use(LingeringPipe.Around);
        endpoint.Use(endpoint.ApplicationServices.GetRequiredService<ConnectionAge>().Limit);
        var tls = endpoint.ApplicationServices.GetRequiredService<ServerTls>();
        if (tls.IsOn)
            endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(tls.Options()) });
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
