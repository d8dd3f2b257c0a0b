using System.CommandLine;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign status</c>.</summary>
internal static class StatusCommand
{
    public static Command Create(Terminal terminal)
    {
        var gateway = CommonOptions.Address(MeshService.Gateway);
        var one = new Option<string?>("--address")
        {
            Description = "Ask just the service at this address for its health; says nothing but the exit code "
            + "with --quiet.",
            HelpName = "URL"
        };
        var quiet = new Option<bool>("--quiet") { Description = "Print nothing." };
        var deadline = CommonOptions.Deadline(10);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("status", "Shows which services of the mesh answer.",
            ["realign status", "realign status --json", "realign status --address http://127.0.0.1:5103 --quiet && echo ready"],
            "Ends with 0 when everything serves, else with 3.")
        {
            gateway, one, quiet, deadline, json,
        };
        command.SetAction(async (parsed, token) =>
        {
            var options = ServiceChannel.Options(parsed.GetValue(deadline), token);
            if (parsed.GetValue(one) is { } address)
                return await CheckOneAsync(terminal, address, parsed.GetValue(quiet), options);
            using var channel = terminal.Connect(MeshService.Gateway, parsed.GetValue(gateway));
            var start = TimeProvider.System.GetTimestamp();
            var response = await new GatewayService.GatewayServiceClient(channel.Invoker).GetMeshStatusAsync(new GetMeshStatusRequest(), options);
            var elapsed = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
            if (parsed.GetValue(json))
                terminal.Json(response);
            else if (!parsed.GetValue(quiet))
                terminal.Console.Write(Table(response, channel.Address, elapsed));
            return response.Services.All(service => service.State == ServiceState.Serving) ? ExitCodes.Success : ExitCodes.Unavailable;
        });
        return command;
    }

    private static async Task<int> CheckOneAsync(Terminal terminal, string address, bool quiet, CallOptions options)
    {
        using var channel = terminal.Connect(MeshService.Gateway, address);
        string state;
        try
        {
            state = (await new Health.HealthClient(channel.Invoker).CheckAsync(new HealthCheckRequest(), options)).Status.ToString();
        }
        catch (RpcException) when (quiet)
        {
            return ExitCodes.Unavailable;
        }

        if (!quiet)
            terminal.Output.WriteLine(state);
        return state == nameof(HealthCheckResponse.Types.ServingStatus.Serving) ? ExitCodes.Success : ExitCodes.Unavailable;
    }

    private static Table Table(GetMeshStatusResponse response, string gatewayAddress, double gatewayMilliseconds)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("service", "state", "health check", "address", "");
        var ready = response.Services.All(service => service.State == ServiceState.Serving);
        _ = table.AddRow("gateway", ready ? "[green]serving[/]" : "[yellow]waiting for services[/]",
            FormattableString.Invariant($"{gatewayMilliseconds:0.0} ms"), Markup.Escape(gatewayAddress), "");
        foreach (var service in response.Services)
        {
            var state = service.State switch
            {
                ServiceState.Serving => "[green]serving[/]",
                ServiceState.NotServing => "[yellow]not serving[/]",
                _ => "[red]unreachable[/]",
            };
            _ = table.AddRow(Markup.Escape(service.Name), state, FormattableString.Invariant($"{service.LatencyMilliseconds:0.0} ms"),
                Markup.Escape(service.Address), $"[grey]{Markup.Escape(service.Detail)}[/]");
        }

        return table;
    }
}
