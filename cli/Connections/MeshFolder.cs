using Realign.Cli.Mesh;
using Realign.Wire.Mesh;

namespace Realign.Cli.Connections;

/// <summary>
/// The folder <c>.realign</c> in the checkout (or in the current folder): records and logs of the services that were started, and how
/// long stages took. <c>REALIGN_STATE</c> names another one.
/// </summary>
internal sealed class MeshFolder
{
    private MeshFolder(string path) => Path = path;

    public string Path { get; }

    public string LockFile => System.IO.Path.Combine(Path, "lock");

    public string StageTimesFile => System.IO.Path.Combine(Path, "stage-times.json");

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

    /// <summary>What is known of a service that was started: see <see cref="ServiceRecord"/>.</summary>
    public string RecordFile(MeshService service) => System.IO.Path.Combine(Path, $"{service.Name}.service");

    /// <summary>Where a service is: the option, else its environment variable, else where <c>up</c> started it, else the default port.</summary>
    public string AddressOf(MeshService service, string? option)
    {
        if (option is not null)
            return Checked(option, "the address");
        if (Environment.GetEnvironmentVariable(service.Variable) is { Length: > 0 } variable)
            return Checked(variable, service.Variable);
        return ServiceRecord.Read(RecordFile(service))?.Address ?? service.DefaultAddress;
    }

    private static string Checked(string address, string source) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? address
            : throw new CliException($"{source} '{address}' is not usable: write it like http://127.0.0.1:5100", ExitCodes.Usage);
}
