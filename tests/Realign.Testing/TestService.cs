using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;

namespace Realign.Testing;

/// <summary>A real service on a loopback port of its own, with a real channel to it.</summary>
public sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestService(WebApplication app, string address)
    {
        _app = app;
        Address = address;
        Channel = Connect(address);
    }

    /// <summary>Where it listens, e.g. <c>http://127.0.0.1:41234</c>.</summary>
    public string Address { get; }

    /// <summary>A channel to it.</summary>
    public GrpcChannel Channel { get; }

    /// <summary>Its own services.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Starts a service on port 0 and waits until its models are loaded or have failed.</summary>
    /// <param name="build">The service's own Build.</param>
    /// <param name="settings">Further settings, e.g. <c>--Tagger:Model=/path</c>.</param>
    public static async Task<TestService> StartAsync(Func<string[], WebApplication> build, params string[] settings)
    {
        var app = build(["--urls=http://127.0.0.1:0", "--Logging:LogLevel:Default=Warning", .. settings]);
        await app.StartAsync().DefaultTimeout();
        foreach (var model in app.Services.GetServices<IModelState>())
            await model.Settled.DefaultTimeout();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new TestService(app, address);
    }

    /// <summary>A channel that takes messages of any size, as a client with large images sets it up.</summary>
    public static GrpcChannel Connect(string address) => GrpcChannel.ForAddress(address, new GrpcChannelOptions
    {
        MaxReceiveMessageSize = null,
        MaxSendMessageSize = null,
    });

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
    }
}
