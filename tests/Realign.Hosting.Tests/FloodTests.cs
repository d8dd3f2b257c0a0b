using System.Text;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.AspNetCore.Builder;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Strangers who only want to be in the way: others are answered meanwhile, and room is there again afterwards.</summary>
public sealed class FloodTests
{
    private const string Check = "/grpc.health.v1.Health/Check";

    [Fact]
    public async Task TwoThousandIdleConnections_KeepNobodyOut_WhoIsThere_AndAreGoneSoon()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:IdleConnectionSeconds=3");
        _ = await service.HealthAsync();

        var idle = await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => RawConnection.ConnectAsync(service))).DefaultTimeout();
        for (var call = 0; call < 100; call++)
            _ = await service.HealthAsync();

        // most at once, those that found a place after the idle time
        foreach (var kinds in await Task.WhenAll(idle.Select(connection => connection.ReadToEndAsync())))
            kinds.ShouldAllBe(kind => kind == RawConnection.Settings || kind == RawConnection.GoAway || kind == 8);
        foreach (var connection in idle)
            connection.Dispose();
        using var next = TestService.Connect(service.Address);
        _ = await new Health.HealthClient(next).CheckAsync(new HealthCheckRequest()).ResponseAsync.DefaultTimeout();
    }

    [Fact]
    public async Task ConnectionWithoutCalls_IsEndedPolitely()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:IdleConnectionSeconds=1");
        using var connection = await RawConnection.ConnectAsync(service);
        await connection.GreetAsync();

        (await connection.ReadToEndAsync()).ShouldContain(RawConnection.GoAway);
    }

    [Theory]
    [InlineData("PRI * HTT")]
    [InlineData("GET / HTTP/1.1\r\nHost: ")]
    public async Task HalfAPreface_IsNotWaitedForLongerThanIdleConnections(string begin)
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:IdleConnectionSeconds=1");
        using var connection = await RawConnection.ConnectAsync(service);
        await connection.SendAsync(Encoding.ASCII.GetBytes(begin));

        _ = await connection.ReadToEndAsync();
        _ = await service.HealthAsync();
    }

    [Fact]
    public async Task HalfAHeader_IsNotWaitedForLongerThanMessages()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MessageSeconds=1");
        using var connection = await RawConnection.ConnectAsync(service);
        await connection.GreetAsync();
        // neither END_HEADERS nor anything after it
        await connection.SendAsync(RawConnection.Frame(RawConnection.Headers, 0, 1, RawConnection.Fields(Check)));

        _ = await connection.ReadToEndAsync();
        _ = await service.HealthAsync();
    }

    [Fact]
    public async Task CallsThatAreResetAtOnce_EndTheirConnection_AndNoOther()
    {
        await using var service = await TestService.StartAsync(Build);
        service.ExpectError("exceeded the output operations maximum queue size");
        using var connection = await RawConnection.ConnectAsync(service);
        await connection.GreetAsync();
        var reading = connection.ReadToEndAsync();
        var answered = 0;

        try
        {
            for (var stream = 1; !reading.IsCompleted && stream < 200_000; stream += 200)
            {
                byte[] batch = [.. Enumerable.Range(0, 100).SelectMany(index => (byte[])
                [
                    .. RawConnection.Frame(RawConnection.Headers, 4, stream + (2 * index), RawConnection.Fields(Check)),
                    .. RawConnection.Frame(RawConnection.Reset, 0, stream + (2 * index), [0, 0, 0, 8]),
                ])];
                await connection.SendAsync(batch);
                _ = await service.HealthAsync();
                answered++;
            }
        }
        catch (IOException)
        {
            // it was ended while it sent
        }

        _ = await reading;
        answered.ShouldBeGreaterThan(0);
        _ = await service.HealthAsync();
    }

    [Fact]
    public async Task GiantMetadata_HurtTheirOwnCallOnly()
    {
        await using var service = await TestService.StartAsync(Build);
        using var other = TestService.Connect(service.Address);
        var client = new Health.HealthClient(other);

        for (var call = 0; call < 5; call++)
        {
            var metadata = new Metadata { { "x-much", new string('a', 4 << 20) } };
            _ = await TestService.FailsAsync(() => client.CheckAsync(new HealthCheckRequest(), metadata).ResponseAsync);
            _ = await service.HealthAsync();
        }
    }

    private static WebApplication Build(string[] args) => ServiceHost.CreateBuilder(args, 0).BuildService();
}
