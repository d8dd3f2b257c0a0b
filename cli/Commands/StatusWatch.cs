using Grpc.Core;
using Realign.Cli.Connections;
using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary>The table of <c>realign status</c>, again and again. Rates are differences of what the Gateway has counted.</summary>
internal sealed class StatusWatch(Terminal terminal, GatewayService.GatewayServiceClient gateway, string address, TimeSpan period)
{
    /// <summary>Seconds between two questions unless told otherwise.</summary>
    public const double DefaultSeconds = 2;

    private readonly Dictionary<string, (long Calls, long At)> _last = [];

    /// <summary>Shows it until the token fires.</summary>
    /// <param name="deadlineSeconds">Of each question.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    public Task<int> RunAsync(double deadlineSeconds, CancellationToken cancellationToken)
    {
        // in a file or a pipe, one table after the other
        return terminal.Console.Profile.Capabilities.Interactive
            ? terminal.Console.Live(new Text("")).StartAsync(live => AskAsync(live.UpdateTarget, deadlineSeconds, cancellationToken))
            : AskAsync(table => terminal.Console.Write(table), deadlineSeconds, cancellationToken);
    }

    private async Task<int> AskAsync(Action<Spectre.Console.Rendering.IRenderable> show, double deadlineSeconds, CancellationToken cancellationToken)
    {
        using var turn = new PeriodicTimer(period);
        do
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                var response = await gateway.GetMeshStatusAsync(new GetMeshStatusRequest(), ServiceChannel.Options(deadlineSeconds, cancellationToken));
                show(StatusTable.Of(response, address, TimeProvider.System.GetElapsedTime(start), Rates(response)));
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
            {
                // it may come back: whoever watches a restart wants to see that
                show(new Markup($"[red]the gateway at {Markup.Escape(address)} does not answer: {failure.StatusCode}[/]\n"));
            }
        }
        while (await turn.WaitForNextTickAsync(cancellationToken));
        return ExitCodes.Success;
    }

    private Dictionary<string, double> Rates(GetMeshStatusResponse response)
    {
        var rates = new Dictionary<string, double>(StringComparer.Ordinal);
        var now = TimeProvider.System.GetTimestamp();
        foreach (var service in response.Services)
        {
            // a Gateway that was started anew counts from 0
            if (_last.TryGetValue(service.Address, out var last) && service.Calls >= last.Calls)
                rates[service.Address] = (service.Calls - last.Calls) / TimeProvider.System.GetElapsedTime(last.At, now).TotalSeconds;
            _last[service.Address] = (service.Calls, now);
        }

        return rates;
    }
}
