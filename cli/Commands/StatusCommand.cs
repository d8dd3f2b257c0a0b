using System.CommandLine;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;

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
        var watch = new Option<double?>("--watch")
        {
            Description = "Ask again every so many seconds [2] until Ctrl-C, with the calls a second that went to each replica.",
            HelpName = "SECONDS",
            Arity = ArgumentArity.ZeroOrOne,
        };
        watch.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && InvariantNumbers.TryRead<double>(token.Value, out var value) && value is not (>= 0.1 and <= 3600))
                result.AddError("--watch takes 0.1 to 3600 seconds");
        });
        var deadline = CommonOptions.Deadline(10);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("status", "Shows which services of the mesh answer.",
            ["realign status", "realign status --watch", "realign status --json", "realign status --address http://127.0.0.1:5103 --quiet && echo ready"],
            "Ends with 0 when everything serves, else with 3.")
        {
            gateway, one, quiet, watch, deadline, json,
        };
        command.SetAction(async (parsed, token) =>
        {
            var options = ServiceChannel.Options(parsed.GetValue(deadline), token);
            if (parsed.GetValue(one) is { } address)
                return await CheckOneAsync(terminal, address, parsed.GetValue(quiet), options);
            using var channel = terminal.Connect(MeshService.Gateway, parsed.GetValue(gateway));
            var client = new GatewayService.GatewayServiceClient(channel.Invoker);
            if (parsed.GetResult(watch) is not null)
            {
                var period = TimeSpan.FromSeconds(parsed.GetValue(watch) ?? StatusWatch.DefaultSeconds);
                return await new StatusWatch(terminal, client, channel.Address, period).RunAsync(parsed.GetValue(deadline), token);
            }

            var start = TimeProvider.System.GetTimestamp();
            var response = await client.GetMeshStatusAsync(new GetMeshStatusRequest(), options);
            var elapsed = TimeProvider.System.GetElapsedTime(start);
            if (parsed.GetValue(json))
                terminal.Json(response);
            else if (!parsed.GetValue(quiet))
                terminal.Console.Write(StatusTable.Of(response, channel.Address, elapsed));
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
}
