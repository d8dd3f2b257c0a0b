using Realign.Testing;

namespace Realign.Cli.Tests;

/// <summary>Runs the program as the shell does, with a state folder and a working folder of its own.</summary>
internal sealed class Cli : IDisposable
{
    /// <summary>The state folder is an environment variable: tests of this collection run one at a time.</summary>
    public const string Collection = "state folder";

    private readonly string? _before = Environment.GetEnvironmentVariable("REALIGN_STATE");

    public Cli()
    {
        Folder = Directory.CreateTempSubdirectory("realign-cli-").FullName;
        Environment.SetEnvironmentVariable("REALIGN_STATE", Path.Combine(Folder, "state"));
    }

    /// <summary>A folder that goes away with the test.</summary>
    public string Folder { get; }

    public string In(string name) => Path.Combine(Folder, name);

    public static async Task<(int Code, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await RealignCli.RunAsync(args, output, error, CancellationToken.None).DefaultTimeout();
        return (code, output.ToString(), error.ToString());
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("REALIGN_STATE", _before);
        Directory.Delete(Folder, recursive: true);
    }
}
