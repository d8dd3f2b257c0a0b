using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Realign.Cli.Connections;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli;

/// <summary>Results go to standard output, everything for the eye in between goes to standard error.</summary>
internal sealed class Terminal(TextWriter output, TextWriter error)
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true));
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
    };

    /// <summary>Where results are written.</summary>
    public TextWriter Output { get; } = output;

    /// <summary>The service that was called last; null = none yet.</summary>
    public string? CalledAddress { get; private set; }

    /// <summary>Results for the eye.</summary>
    public IAnsiConsole Console { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });

    /// <summary>Progress and messages.</summary>
    public IAnsiConsole Messages { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });

    /// <summary>A channel to a service.</summary>
    /// <param name="service">Which.</param>
    /// <param name="address">Its address as the user gave it; null = find it.</param>
    public ServiceChannel Connect(MeshService service, string? address)
    {
        CalledAddress = MeshFolder.Find().AddressOf(service, address);
        return new ServiceChannel(CalledAddress);
    }

    public void Error(string message) => Write("red", "error: ", message);

    public void Note(string message) => Write("grey", "", message);

    // where nobody watches, a message stays on one line
    private void Write(string color, string prefix, string message)
    {
        if (Messages.Profile.Capabilities.Interactive)
            Messages.MarkupLine($"[{color}]{prefix}{Markup.Escape(message)}[/]");
        else
            error.WriteLine($"{prefix}{message}");
    }

    /// <summary>Writes a JSON document for machines.</summary>
    public void Json(JsonNode node) => Output.WriteLine(node.ToJsonString(Indented));

    /// <summary>Writes a message as JSON, with the field names of the proto files.</summary>
    public void Json(IMessage message) => Json(ToJson(message));

    public static JsonNode ToJson(IMessage message) => JsonNode.Parse(Formatter.Format(message))!;

    public static string ToText(JsonNode node) => node.ToJsonString(Indented);
}
