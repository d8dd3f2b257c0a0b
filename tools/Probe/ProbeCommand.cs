using Realign.Core.Certificates;
using Realign.Core.Errors;

namespace Realign.Probe;

/// <summary><c>realign-probe</c>: asks a service for its health as probes of containers do, many times an hour and as cheaply as can be.</summary>
internal static class ProbeCommand
{
    /// <summary>It serves.</summary>
    public const int Serving = 0;

    /// <summary>It answers, and does not serve.</summary>
    public const int NotServing = 1;

    /// <summary>It does not answer, or the command line is wrong.</summary>
    public const int NoAnswer = 2;

    /// <summary>Runs a command line.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        if (ProbeArguments.Read(args, out var arguments) is { } wrong)
        {
            await error.WriteLineAsync(wrong);
            await error.WriteLineAsync(ProbeArguments.Usage);
            return NoAnswer;
        }

        var files = new ClientTlsFiles(arguments!.AuthorityFile, arguments.CertificateFile, arguments.KeyFile);
        var problems = files.Problems("--ca", "--cert", "--key", TimeProvider.System.GetUtcNow());
        if (problems.Count > 0)
        {
            await error.WriteLineAsync(string.Join(Environment.NewLine, problems));
            return NoAnswer;
        }

        using var timeout = new CancellationTokenSource(arguments.Timeout);
        try
        {
            var tls = new ClientTls(files, TimeProvider.System, problem => throw problem);
            var status = await HealthCall.CheckAsync(arguments.Address, arguments.Service, tls.Options(), timeout.Token);
            await output.WriteLineAsync(status);
            return status == "SERVING" ? Serving : NotServing;
        }
        catch (OperationCanceledException)
        {
            await error.WriteLineAsync(FormattableString.Invariant($"no answer of {arguments.Address} within {arguments.Timeout.TotalSeconds} s"));
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or ModelLoadException)
        {
            await error.WriteLineAsync($"no answer of {arguments.Address}: {Innermost(exception).Message}");
        }

        return NoAnswer;
    }

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;
}
