using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using Realign.Hosting.Models;

namespace Realign.Hosting.Telemetry;

/// <summary>
/// <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c> over HTTP/1.1 on a port of their own: scrapers and probes that speak no gRPC, and that calls of clients
/// cannot crowd out. It stops after the calls have ended, so that the last ones are counted.
/// </summary>
/// <param name="metrics">What is exported.</param>
/// <param name="models">Of the process.</param>
/// <param name="options">Address and port.</param>
/// <param name="lifetime">Of the service.</param>
/// <param name="logs">Of the service.</param>
internal sealed class TelemetryServer(
    MeterProvider metrics, IEnumerable<IModelState> models, IOptions<HostingOptions> options, IHostApplicationLifetime lifetime, ILoggerFactory logs)
    : IHostedService, IAsyncDisposable
{
    private readonly IReadOnlyCollection<IModelState> _models = [.. models];
    private WebApplication? _app;

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:9464</c>; null before it was started.</summary>
    public string? Address => _app?.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.First();

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseUrls($"http://{new IPEndPoint(IPAddress.Parse(options.Value.Address), options.Value.MetricsPort!.Value)}");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1));
        _app = builder.Build();
        _app.UseOpenTelemetryPrometheusScrapingEndpoint(metrics, null, "/metrics", null, null);
        _app.MapGet("/healthz", context => Answer(context, _models.Where(model => model.Status == ModelStatus.Stalled)));
        _app.MapGet("/readyz", context => lifetime.ApplicationStopping.IsCancellationRequested
            ? Answer(context, StatusCodes.Status503ServiceUnavailable, "stopping")
            : Answer(context, _models.Where(model => model.Status != ModelStatus.Ready)));
        await _app.StartAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => _app?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public ValueTask DisposeAsync() => _app?.DisposeAsync() ?? ValueTask.CompletedTask;

    // names and states only: why a model cannot be loaded is for the log
    private static Task Answer(HttpContext context, IEnumerable<IModelState> failing)
    {
        var lines = failing.Select(model => $"{model.Name}: {model.Status.ToString().ToLowerInvariant()}").ToList();
        return lines.Count == 0
            ? Answer(context, StatusCodes.Status200OK, "ok")
            : Answer(context, StatusCodes.Status503ServiceUnavailable, string.Join('\n', lines));
    }

    private static Task Answer(HttpContext context, int status, string text)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync(text + "\n", context.RequestAborted);
    }
}
