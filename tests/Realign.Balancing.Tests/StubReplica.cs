using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Realign.Core.Calls;
using Realign.Testing;

namespace Realign.Balancing.Tests;

/// <summary>
/// A real service on a loopback port whose health service doubles as what is called: a question for the empty name is one for its health,
/// one for any other name is a call.
/// </summary>
internal sealed class StubReplica : IAsyncDisposable
{
    private readonly WebApplication _app;

    private StubReplica(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Calls so far.</summary>
    public int Calls => Service.Asked.Count;

    /// <summary>What it says of its health.</summary>
    public HealthCheckResponse.Types.ServingStatus Health { set => Service.Health = value; }

    /// <summary>Depth of its queue in the trailers; null = it does not say.</summary>
    public int? Depth { set => Service.Depth = value; }

    /// <summary>What it does with a call before it answers.</summary>
    public Func<ServerCallContext, Task> OnCall { set => Service.OnCall = value; }

    private StubService Service => _app.Services.GetRequiredService<StubService>();

    public static async Task<StubReplica> StartAsync(int port = 0, string host = "127.0.0.1")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(host), port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<StubService>();
        var app = builder.Build();
        app.MapGrpcService<StubService>();
        await app.StartAsync().DefaultTimeout();
        return new StubReplica(app);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token).DefaultTimeout();
        await _app.DisposeAsync();
    }

    private sealed class StubService : Health.HealthBase
    {
        public ConcurrentQueue<string> Asked { get; } = new();

        public HealthCheckResponse.Types.ServingStatus Health { get; set; } = HealthCheckResponse.Types.ServingStatus.Serving;

        public int? Depth { get; set; }

        public Func<ServerCallContext, Task> OnCall { get; set; } = _ => Task.CompletedTask;

        public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
        {
            if (request.Service.Length > 0)
            {
                Asked.Enqueue(request.Service);
                if (Depth is { } depth)
                    context.ResponseTrailers.Add(CallMetadata.QueueDepth, $"{depth}");
                await OnCall(context);
            }

            return new HealthCheckResponse { Status = Health };
        }
    }
}
