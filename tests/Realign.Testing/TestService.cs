using System.Net.Security;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realign.Hosting.Models;

namespace Realign.Testing;

/// <summary>
/// A real service on a loopback port of its own, with a real channel to it. An error in its log that the test did not expect fails the
/// test when the service is disposed.
/// </summary>
public sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CapturedLogs _logs;
    private readonly List<string> _expectedErrors = [];

    private TestService(WebApplication app, CapturedLogs logs, string address)
    {
        _app = app;
        _logs = logs;
        Address = address;
        Channel = Connect(address);
    }

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:41234</c>.</summary>
    public string Address { get; }

    /// <summary>A channel to it.</summary>
    public GrpcChannel Channel { get; }

    /// <summary>Its own services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>What it logged: warnings and worse, unless the settings ask for more.</summary>
    public IReadOnlyCollection<LogEntry> Logs => _logs.Entries;

    /// <summary>Starts a service on port 0 and waits until its models are loaded or have failed.</summary>
    /// <param name="build">The service's own Build.</param>
    /// <param name="settings">Further settings, e.g. <c>--Tagger:Model=/path</c>.</param>
    public static async Task<TestService> StartAsync(Func<string[], WebApplication> build, params string[] settings)
    {
        var app = build(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning", .. settings]);
        var logs = new CapturedLogs();
        app.Services.GetRequiredService<ILoggerFactory>().AddProvider(logs);
        await app.StartAsync().DefaultTimeout();
        foreach (var model in app.Services.GetServices<IModelState>())
            await model.Settled.DefaultTimeout();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new TestService(app, logs, address);
    }

    /// <summary>A channel that takes messages of any size, as a client with large images sets it up.</summary>
    /// <param name="address">Of the service.</param>
    /// <param name="tls">Whom it believes and what it shows at an address with <c>https</c>.</param>
    public static GrpcChannel Connect(string address, SslClientAuthenticationOptions? tls = null) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
        HttpHandler = tls is null ? null : new SocketsHttpHandler { SslOptions = tls },
        DisposeHttpClient = tls is not null,
    });

    /// <summary>Errors with this text in them are what the test is about.</summary>
    public void ExpectError(string text) => _expectedErrors.Add(text);

    /// <summary>What the health service says, for the whole process or one model.</summary>
    public async Task<HealthCheckResponse.Types.ServingStatus> HealthAsync(string service = "") =>
        (await new Health.HealthClient(Channel).CheckAsync(new HealthCheckRequest { Service = service }).ResponseAsync.DefaultTimeout()).Status;

    /// <summary>The status a call ends with; fails when it succeeds.</summary>
    public static async Task<RpcException> FailsAsync(Func<Task> call)
    {
        try
        {
            await call().DefaultTimeout();
        }
        catch (RpcException exception)
        {
            return exception;
        }

        throw new InvalidOperationException("the call succeeded");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await _app.StopAsync().DefaultTimeout();
        await _app.DisposeAsync();
        var unexpected = Logs.Where(entry => entry.Level >= LogLevel.Error && !IsExpected(entry)).ToList();
        if (unexpected.Count > 0)
            throw new InvalidOperationException($"the service logged errors: {string.Join(Environment.NewLine, unexpected)}");
    }

    // a model that cannot be loaded is seen in health and in every call
    private bool IsExpected(LogEntry entry) =>
        entry.Category.StartsWith("Realign.Hosting.Models.ModelHost", StringComparison.Ordinal) || _expectedErrors.Exists(text =>
            entry.Text.Contains(text, StringComparison.Ordinal));
}
