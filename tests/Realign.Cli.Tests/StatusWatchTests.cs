using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary><c>realign status --watch</c> beside a Gateway whose Generator gets calls.</summary>
[Collection(Cli.Collection)]
public sealed class StatusWatchTests
{
    [Fact]
    public async Task Watch_ShowsQueuesAndRates_UntilCtrlC()
    {
        using var cli = new Cli();
        var gateway = new BusyGateway();
        await using var service = await StartAsync(gateway);
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var pressed = new CancellationTokenSource();

        var run = RealignCli.RunAsync(["status", "--watch", "0.1", "--gateway", service.Address], output, error, pressed.Token);
        await gateway.AskedThreeTimes.Task.DefaultTimeout();
        await pressed.CancelAsync();

        (await run.DefaultTimeout()).ShouldBe(ExitCodes.Cancelled);
        var tables = output.ToString().Split("calls/s").Skip(1).ToList();
        tables.Count.ShouldBeGreaterThanOrEqualTo(2);
        Cells(tables[0], "generator")[2..4].ShouldBe(["3", ""]);
        var (queue, rate) = Cells(tables[1], "generator")[2..4] is [var first, var second] ? (first, second) : ("", "");
        queue.ShouldBe("3");
        // 1000 calls in a tenth of a second, or in what a busy machine makes of it
        double.Parse(rate, System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange(10, 1_000_000);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("often")]
    public async Task Watch_OfNoTime_IsRefused(string period)
    {
        var (code, _, error) = await Cli.RunAsync("status", "--watch", period);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain("--watch");
    }

    private static Task<TestService> StartAsync(BusyGateway gateway) => TestService.StartAsync(args =>
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton(gateway);
        var app = builder.BuildService();
        app.MapGrpcService<BusyGateway>();
        return app;
    });

    // of the row of a service: name, state, queue, calls a second, ...
    private static string[] Cells(string table, string name) =>
        [.. table.Split('\n').First(line => line.Contains(name, StringComparison.Ordinal)).Split('│').Skip(1).Select(cell => cell.Trim())];

    private sealed class BusyGateway : GatewayService.GatewayServiceBase
    {
        private int _asked;

        public TaskCompletionSource AskedThreeTimes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Task<GetMeshStatusResponse> GetMeshStatus(GetMeshStatusRequest request, ServerCallContext context)
        {
            if (++_asked == 3)
                AskedThreeTimes.SetResult();
            var generator = new ServiceStatus { Name = "generator", Address = "http://g", State = ServiceState.Serving, QueueDepth = 3, Calls = 1000 * _asked };
            return Task.FromResult(new GetMeshStatusResponse { Services = { generator } });
        }
    }
}
