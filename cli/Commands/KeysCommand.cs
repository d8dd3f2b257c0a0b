using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Realign.Core.Calls;

namespace Realign.Cli.Commands;

/// <summary><c>realign keys</c>: makes the keys that services take. A key is shown once; the file of the service holds its SHA-256 alone.</summary>
internal static class KeysCommand
{
    private const int KeyBytes = 32;
    private const string Prefix = "rk_";

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };

    public static Command Create(Terminal terminal) => new("keys", "Makes keys for services that take calls with one only (Hosting:KeyFile).")
    {
        CreateNew(terminal),
    };

    private static ExampleCommand CreateNew(Terminal terminal)
    {
        var name = new Argument<string>("name") { Description = "Whose it is; calls with it are of this tenant.", HelpName = "NAME" };
        var scopes = new Option<string[]>("--scope")
        {
            Description = $"Service that it opens: {string.Join(", ", AccessScopes.All)}; may be repeated.",
            HelpName = "SERVICE",
            Required = true,
        };
        _ = scopes.AcceptOnlyFromAmong([.. AccessScopes.All]);
        var calls = new Option<int?>("--calls-per-minute") { Description = "Most calls a minute [no limit].", HelpName = "N" };
        var steps = new Option<double?>("--megapixel-steps")
        {
            Description = "Most that it may draw, in width x height x steps x images / 10^6, at once and in a window [no limit].",
            HelpName = "N",
        };
        var window = new Option<int?>("--window-seconds") { Description = "Window in which that comes back, evenly [3600].", HelpName = "SECONDS" };
        var adapters = Names("--adapter", "Adapter");
        var embeddings = Names("--embedding", "Embedding");
        var delegates = new Option<bool>("--delegates")
        {
            Description = "It calls for others and says for whom (x-tenant): the key of a Gateway at its services.",
        };
        var file = new Option<string?>("--file")
        {
            Description = "File of keys to add it to; made if it is not there [the entry is printed].",
            HelpName = "FILE",
        };
        var command = new ExampleCommand("new", "Makes a key and the entry for the file of keys.",
            [
                "realign keys new alice --scope gateway --scope reward --adapter 'styles/*' --megapixel-steps 500 --file keys.json",
                "realign keys new gateway --scope '*' --delegates --file keys.json",
            ])
        {
            name, scopes, calls, steps, window, adapters, embeddings, delegates, file,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(steps) is <= 0 || parsed.GetValue(window) is <= 0)
                throw new CliException("--megapixel-steps and --window-seconds take more than 0", ExitCodes.Usage);
            if (parsed.GetValue(window) is not null && parsed.GetValue(steps) is null)
                throw new CliException("--window-seconds belongs to --megapixel-steps", ExitCodes.Usage);
            var key = Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(KeyBytes));
            var entry = new JsonObject
            {
                ["name"] = parsed.GetRequiredValue(name),
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
                ["scopes"] = new JsonArray([.. parsed.GetRequiredValue(scopes).Select(scope => JsonValue.Create(scope))]),
            };
            if (parsed.GetValue(delegates))
                entry["delegates"] = true;
            if (parsed.GetValue(calls) is { } limit)
                entry["calls_per_minute"] = limit;
            if (parsed.GetValue(steps) is { } most)
                entry["megapixel_steps"] = most;
            if (parsed.GetValue(window) is { } seconds)
                entry["window_seconds"] = seconds;
            AddNames(entry, "adapters", parsed.GetValue(adapters));
            AddNames(entry, "embeddings", parsed.GetValue(embeddings));
            if (parsed.GetValue(file) is { } path)
                Add(path, entry);
            else
                terminal.Note(new JsonObject { ["keys"] = new JsonArray(entry) }.ToJsonString(_indented));
            terminal.Output.WriteLine(key);
            return ExitCodes.Success;
        });
        return command;
    }

    private static Option<string[]> Names(string option, string kind) => new(option)
    {
        Description = $"{kind} that it may draw with, * for all, styles/* for those of a folder; may be repeated [none].",
        HelpName = "NAME",
    };

    private static void AddNames(JsonObject entry, string field, string[]? names)
    {
        if (names is { Length: > 0 })
            entry[field] = new JsonArray([.. names.Select(name => JsonValue.Create(name))]);
    }

    // written beside its place and moved: a service that looks meanwhile reads the old one
    private static void Add(string path, JsonObject entry)
    {
        var root = File.Exists(path) ? Read(path) : new JsonObject { ["keys"] = new JsonArray() };
        if (root["keys"] is not JsonArray keys)
            throw new CliException($"{path} has no list of keys", ExitCodes.Usage);
        if (keys.Any(other => other is JsonObject known && known["name"]?.ToString() == entry["name"]!.ToString()))
            throw new CliException($"{path} has a key of {entry["name"]} already: take another name, or remove that entry first", ExitCodes.Usage);
        keys.Add(entry);
        var temporary = path + ".partial";
        File.WriteAllText(temporary, root.ToJsonString(_indented) + "\n");
        File.Move(temporary, path, overwrite: true);
    }

    private static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new CliException($"{path} is no file of keys", ExitCodes.Usage);
        }
        catch (JsonException exception)
        {
            throw new CliException($"{path} is not JSON: {exception.Message}", ExitCodes.Usage);
        }
    }
}
