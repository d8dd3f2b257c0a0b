using System.CommandLine;
using System.Globalization;
using Realign.Cli.Connections;
using Realign.V1;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Commands;

/// <summary><c>realign adapters</c>.</summary>
internal static class AdaptersCommand
{
    private const int MostWords = 5;

    public static Command Create(Terminal terminal)
    {
        var gateway = CommonOptions.Address(MeshService.Gateway);
        var deadline = CommonOptions.Deadline(60);
        var json = CommonOptions.Json();
        var command = new ExampleCommand("adapters", "Lists the adapters that the Generator offers, and what each is for.",
            ["realign adapters", "realign adapters --json", "realign generate \"a red car\" --adapter styles/ink=0.8,clip=0,IN04=0.5"],
            "Names are paths inside the folder of Generator:Adapters. What a file says of itself is its maker's word.")
        {
            gateway, deadline, json,
        };
        command.SetAction(async (parsed, token) =>
        {
            using var channel = terminal.Connect(MeshService.Gateway, parsed.GetValue(gateway));
            var response = await new GatewayService.GatewayServiceClient(channel.Invoker)
                .ListAdaptersAsync(new ListAdaptersRequest(), ServiceChannel.Options(parsed.GetValue(deadline), token));
            if (parsed.GetValue(json))
                terminal.Json(response);
            else if (response.Adapters.Count == 0)
                terminal.Note("the Generator offers no adapters: put safetensors files into a folder and name it in Generator:Adapters");
            else
                terminal.Console.Write(Table(response));
            return ExitCodes.Success;
        });
        return command;
    }

    private static Table Table(ListAdaptersResponse response)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns("name", "size", "for", "kind", "rank", "changes", "says");
        foreach (var file in response.Adapters)
        {
            _ = table.AddRow(
                Markup.Escape(file.Name), Size(file.SizeBytes), Family(file.Family), string.Join(" + ", file.Kinds.Select(Kind)),
                string.Join(", ", file.Ranks), Markup.Escape(string.Join(", ", file.Components)),
                file.Problem.Length > 0 ? $"[red]{Markup.Escape(file.Problem)}[/]" : $"[grey]{Markup.Escape(Notes(file))}[/]");
        }

        return table;
    }

    private static string Size(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private static string Words(AdapterFile file) =>
        string.Join(", ", file.TriggerWords.Take(MostWords)) + (file.TriggerWords.Count > MostWords ? " and more" : "");

    private static string Notes(AdapterFile file)
    {
        var embeddings = file.Embeddings.Count > 0 ? $"embeddings: {string.Join(", ", file.Embeddings)}" : "";
        return string.Join("; ", new[] { file.Title, Words(file), embeddings }.Where(text => text.Length > 0));
    }

    private static string Family(ModelFamily family) => family switch
    {
        ModelFamily.Sd1 => "SD 1.x",
        ModelFamily.Sd2 => "SD 2.x",
        ModelFamily.Sdxl => "SD XL",
        _ => "?",
    };

    private static string Kind(AdapterKind kind) => kind switch
    {
        AdapterKind.Lora => "LoRA",
        AdapterKind.Locon => "LoCon",
        AdapterKind.Dora => "DoRA",
        AdapterKind.Loha => "LoHa",
        AdapterKind.Lokr => "LoKr",
        AdapterKind.Full => "differences",
        AdapterKind.Norm => "norms",
        _ => "?",
    };
}
