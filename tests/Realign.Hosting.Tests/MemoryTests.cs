using System.Net.Sockets;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Receiving;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What stays behind when callers have gone.</summary>
public sealed class MemoryTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task BurstOfHalfSentMessages_IsGivenBack()
    {
        await using var service = await TestService.StartAsync(Build);
        var budget = service.Services.GetRequiredService<ReceiveBudget>();
        using var client = new HttpClient();
        using var leave = new CancellationTokenSource();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var calls = Enumerable.Range(0, 6).Select(_ => new HalfSent(48 * Megabyte, 32 * Megabyte).PostAsync(client, service.Address, leave.Token)).ToList();
        await Until(() => budget.Held >= 6 * 32 * Megabyte).DefaultTimeout();

        await leave.CancelAsync();
        _ = await Task.WhenAll(calls.Select(call => Should.ThrowAsync<OperationCanceledException>(call))).DefaultTimeout();

        await Until(() => budget.Held == 0).DefaultTimeout();
        // the buffers of the connection itself and what other tests hold are less than a third of the burst
        await Until(() => GC.GetTotalMemory(forceFullCollection: false) < before + (64 * Megabyte)).DefaultTimeout();
    }

    [Fact]
    public async Task ConnectionAboveTheLimit_IsClosed()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MaxConnections=1");
        // a connection counts once it is served, not once it is made
        _ = await service.HealthAsync();
        using var other = new TcpClient();
        var address = new Uri(service.Address);
        await other.ConnectAsync(address.Host, address.Port).DefaultTimeout();

        var received = await other.GetStream().ReadAsync(new byte[1]).AsTask().DefaultTimeout();

        received.ShouldBe(0);
        _ = await service.HealthAsync();
    }

    private static async Task Until(Func<bool> condition)
    {
        while (!condition())
            await Task.Yield();
    }

    private static WebApplication Build(string[] args)
    {
        var app = ServiceHost.CreateBuilder(args, 0).BuildService();
        app.MapGrpcService<Scorer>();
        return app;
    }

    private sealed class Scorer : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) =>
            Task.FromResult(new ExtractEntitiesResponse());
    }
}
