using System.Diagnostics;

namespace Realign.Cli.Commands;

/// <summary>A program of the checkout that needs engines, which this one does not have: it is started where it is needed.</summary>
/// <param name="Project">Its project, e.g. <c>Realign.ModelCheck</c>.</param>
/// <param name="Program">Its file.</param>
/// <param name="Purpose">What it does, for the error: "models are checked".</param>
internal sealed record ToolProgram(string Project, string Program, string Purpose)
{
    /// <summary>How it is started.</summary>
    /// <exception cref="CliException">It is not there.</exception>
    public ProcessStartInfo StartInfo(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Find());
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        // it runs on the runtime that runs this program
        _ = start.Environment.TryAdd("DOTNET_ROOT", Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")));
        return start;
    }

    /// <summary>Starts it.</summary>
    public Process Start(ProcessStartInfo start) =>
        Process.Start(start) ?? throw new CliException($"{Program} could not be started", ExitCodes.Failure);

    // outputs of projects lie side by side, each in a folder of the same name for the configuration
    private string Find()
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var program = Path.Combine(own.Parent?.Parent?.FullName ?? "/", Project, own.Name, Program);
        return File.Exists(program)
            ? program
            : throw new CliException(
                $"{program} is not there: {Purpose} in a checkout, where ./run builds it (images of services have only their own engine)",
                ExitCodes.Failure);
    }
}
