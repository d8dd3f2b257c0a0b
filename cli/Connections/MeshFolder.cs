using System.Text.Json;
using Realign.Wire.Mesh;

namespace Realign.Cli.Connections;

/// <summary>
/// The folder <c>.realign</c> in the checkout (or in the current folder): process ids, logs, addresses of the running mesh, and how
/// long stages took. <c>REALIGN_STATE</c> names another one.
/// </summary>
internal sealed class MeshFolder
{
    private MeshFolder(string path) => Path = path;

    public string Path { get; }

    public string LockFile => System.IO.Path.Combine(Path, "lock");

    public string StageTimesFile => System.IO.Path.Combine(Path, "stage-times.json");

    private string AddressesFile => System.IO.Path.Combine(Path, "mesh.json");

    public static MeshFolder Find()
    {
        if (Environment.GetEnvironmentVariable("REALIGN_STATE") is { Length: > 0 } chosen)
            return new MeshFolder(System.IO.Path.GetFullPath(chosen));
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Realign.slnx")))
                return new MeshFolder(System.IO.Path.Combine(folder.FullName, ".realign"));
        }

        return new MeshFolder(System.IO.Path.GetFullPath(".realign"));
    }

    public string LogFile(MeshService service) => System.IO.Path.Combine(Path, $"{service.Name}.log");

    public string PidFile(MeshService service) => System.IO.Path.Combine(Path, $"{service.Name}.pid");

    /// <summary>Where a service is: the option, else its environment variable, else where <c>up</c> started it, else the default port.</summary>
    public string AddressOf(MeshService service, string? option)
    {
        if (option is not null)
            return Checked(option, "the address");
        if (Environment.GetEnvironmentVariable(service.Variable) is { Length: > 0 } variable)
            return Checked(variable, service.Variable);
        return ReadAddresses().TryGetValue(service.Name, out var started)
            ? started
            : service.DefaultAddress;
    }

    /// <summary>Addresses of the mesh that was started last; empty when none was.</summary>
    public Dictionary<string, string> ReadAddresses()
    {
        try
        {
            return File.Exists(AddressesFile) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(AddressesFile)) ?? [] : [];
        }
        catch (JsonException)
        {
            // half-written by a process that was killed: the defaults are as good a guess
            return [];
        }
    }

    public void WriteAddresses(IReadOnlyDictionary<string, string> addresses)
    {
        _ = Directory.CreateDirectory(Path);
        File.WriteAllText(AddressesFile, JsonSerializer.Serialize(addresses));
    }

    public void DeleteAddresses() => File.Delete(AddressesFile);

    private static string Checked(string address, string source) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? address
            : throw new CliException($"{source} '{address}' is not usable: write it like http://127.0.0.1:5100", ExitCodes.Usage);
}
