using Realign.Core.Certificates;

namespace Realign.Cli.Connections;

/// <summary>Files that calls to <c>https</c> addresses are made with, from the environment as keys are: no secret stands in a command line.</summary>
internal static class TlsVariables
{
    /// <summary>Authorities whose services are believed, in PEM.</summary>
    public const string Authorities = "REALIGN_CA";

    /// <summary>The certificate that is shown, in PEM.</summary>
    public const string Certificate = "REALIGN_CERT";

    /// <summary>Its private key, in PEM.</summary>
    public const string CertificateKey = "REALIGN_CERT_KEY";

    /// <exception cref="CliException">One of the files is not usable.</exception>
    public static ClientTls Read()
    {
        var files = new ClientTlsFiles(Of(Authorities), Of(Certificate), Of(CertificateKey));
        var problems = files.Problems(Authorities, Certificate, CertificateKey, TimeProvider.System.GetUtcNow());
        return problems.Count == 0
            ? new ClientTls(files, TimeProvider.System, problem => throw new CliException($"{problem.Message}. {problem.WayOut}", ExitCodes.Usage))
            : throw new CliException(string.Join(Environment.NewLine, problems), ExitCodes.Usage);
    }

    private static string Of(string variable) => Environment.GetEnvironmentVariable(variable) ?? "";
}
