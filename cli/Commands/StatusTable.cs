using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary>What the Gateway says of its services, for the eye.</summary>
internal static class StatusTable
{
    /// <summary>A row for the Gateway and one for each replica.</summary>
    /// <param name="response">What the Gateway said.</param>
    /// <param name="gatewayAddress">Where it is.</param>
    /// <param name="took">How long it took to say it.</param>
    /// <param name="rates">Calls a second that went to each address; null = not known, and no column for them.</param>
    public static Table Of(GetMeshStatusResponse response, string gatewayAddress, TimeSpan took, IReadOnlyDictionary<string, double>? rates = null)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("service", "state", "queue");
        if (rates is not null)
            _ = table.AddColumn("calls/s");
        _ = table.AddColumns("health check", "address", "");
        var ready = response.Services.All(service => service.State == ServiceState.Serving);
        Add(table, rates is null, "gateway", ready ? "[green]serving[/]" : "[yellow]waiting for services[/]", "", "", took.TotalMilliseconds, gatewayAddress, "");
        foreach (var service in response.Services)
        {
            var state = service.State switch
            {
                ServiceState.Serving => "[green]serving[/]",
                ServiceState.NotServing => "[yellow]not serving[/]",
                _ => "[red]unreachable[/]",
            };
            var rate = rates is not null && rates.TryGetValue(service.Address, out var calls) ? FormattableString.Invariant($"{calls:0.0}") : "";
            Add(table, rates is null, service.Name, state, service.HasQueueDepth ? FormattableString.Invariant($"{service.QueueDepth}") : "", rate,
                service.LatencyMilliseconds, service.Address, service.Detail);
        }

        return table;
    }

    private static void Add(
        Table table, bool isWithoutRate, string name, string state, string queue, string rate, double milliseconds, string address, string detail)
    {
        string[] cells =
        [
            Markup.Escape(name), state, queue, rate, FormattableString.Invariant($"{milliseconds:0.0} ms"), Markup.Escape(address),
            $"[grey]{Markup.Escape(detail)}[/]",
        ];
        _ = table.AddRow(isWithoutRate ? [.. cells[..3], .. cells[4..]] : cells);
    }
}
