using System.Diagnostics;
using Realign.Testing;

namespace Realign.Deploy.Tests.Programs;

/// <summary>What a program wrote and how it ended.</summary>
/// <param name="Code">Exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
internal sealed record ProgramRun(int Code, string Output, string Error)
{
    /// <summary>Runs a program to its end.</summary>
    public static async Task<ProgramRun> OfAsync(string program, IEnumerable<string> arguments, string input = "")
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Checkout.Root,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync().DefaultTimeout();
        return new ProgramRun(process.ExitCode, await output, await error);
    }

    /// <summary>The output of a program that must succeed.</summary>
    public static async Task<string> OutputAsync(string program, params string[] arguments)
    {
        var run = await OfAsync(program, arguments);
        return run.Code == 0
            ? run.Output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {run.Code}: {run.Error}{run.Output}");
    }
}
