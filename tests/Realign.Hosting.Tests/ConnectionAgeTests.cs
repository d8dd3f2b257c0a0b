using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Connections that have reached their age, with a clock that jumps.</summary>
public sealed class ConnectionAgeTests
{
    private static readonly TimeSpan _age = TimeSpan.FromSeconds(111);
    private readonly ManualTime _time = new();
    private readonly Gate _gate = new();
    private int _connections;

    [Fact]
    public async Task OldConnection_IsFollowedByAnother_WithoutAFailedCall()
    {
        await using var service = await StartAsync();
        using var channel = Connect(service);
        var isOver = false;
        var running = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            for (var calls = 0; ; calls++)
            {
                if (Volatile.Read(ref isOver))
                    return calls;
                await ExtractAsync(channel, "a").DefaultTimeout();
            }
        }));

        for (var round = 0; round < 50; round++)
        {
            // no connection is old before it was greeted
            await ExtractAsync(channel, "a").DefaultTimeout();
            var before = Volatile.Read(ref _connections);
            for (var calls = 0; Volatile.Read(ref _connections) == before; calls++)
            {
                // a connection that has just been made may not be watched yet
                if (calls % 50 == 0)
                    _time.Advance(_age);
                await ExtractAsync(channel, "a").DefaultTimeout();
            }
        }

        Volatile.Write(ref isOver, true);
        (await running.DefaultTimeout()).Sum().ShouldBeGreaterThan(20);
    }

    [Fact]
    public async Task CallInFlight_EndsOnTheOldConnection()
    {
        await using var service = await StartAsync();
        using var channel = Connect(service);
        var held = ExtractAsync(channel, "hold");
        await _gate.Entered.Task.DefaultTimeout();

        _time.Advance(_age);
        while (Volatile.Read(ref _connections) == 1)
            await ExtractAsync(channel, "a").DefaultTimeout();

        held.IsCompleted.ShouldBeFalse();
        _gate.Release.SetResult();
        await held.DefaultTimeout();
    }

    [Fact]
    public async Task CallThatOutlastsTheGrace_IsCutOff()
    {
        await using var service = await StartAsync();
        using var channel = Connect(service);
        var held = ExtractAsync(channel, "hold");
        await _gate.Entered.Task.DefaultTimeout();

        _time.Advance(_age);
        _time.Advance(TimeSpan.FromSeconds(600_000));

        (await TestService.FailsAsync(() => held)).StatusCode.ShouldBeOneOf(StatusCode.Unavailable, StatusCode.Internal, StatusCode.Cancelled);
        _gate.Release.SetResult();
    }

    [Fact]
    public async Task Zero_MeansThatConnectionsGrowOld()
    {
        await using var service = await StartAsync("--Hosting:MaxConnectionAgeSeconds=0");
        using var channel = Connect(service);
        await ExtractAsync(channel, "a").DefaultTimeout();

        _time.Advance(TimeSpan.FromDays(365));
        for (var call = 0; call < 50; call++)
            await ExtractAsync(channel, "a").DefaultTimeout();

        _connections.ShouldBe(1);
    }

    private static Task ExtractAsync(GrpcChannel channel, string prompt) =>
        new SceneScorerService.SceneScorerServiceClient(channel).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = prompt }).ResponseAsync;

    private GrpcChannel Connect(TestService service) => GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, token) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, token);
                _ = Interlocked.Increment(ref _connections);
                return new NetworkStream(socket, ownsSocket: true);
            },
        },
        DisposeHttpClient = true,
    });

    private Task<TestService> StartAsync(params string[] settings) =>
        TestService.StartAsync(
            Build, ["--Hosting:MaxConnectionAgeSeconds=100", "--Hosting:MessageSeconds=3600", "--Hosting:ConnectionGraceSeconds=600000", .. settings]);

    private WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton<TimeProvider>(_time);
        builder.Services.AddSingleton(_gate);
        var app = builder.BuildService();
        app.MapGrpcService<Scorer>();
        return app;
    }

    private sealed class Scorer(Gate gate) : SceneScorerService.SceneScorerServiceBase
    {
        public override async Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context)
        {
            if (request.Prompt == "hold")
            {
                _ = gate.Entered.TrySetResult();
                await gate.Release.Task;
            }

            return new ExtractEntitiesResponse();
        }
    }
}
