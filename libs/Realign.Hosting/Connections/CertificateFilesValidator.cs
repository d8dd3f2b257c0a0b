using Microsoft.Extensions.Options;
using Realign.Core.Certificates;

namespace Realign.Hosting.Connections;

/// <summary>A service whose certificate cannot be read does not start: nobody could connect, or it would be open.</summary>
internal sealed class CertificateFilesValidator(TimeProvider time) : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        var files = new ClientTlsFiles(options.ClientCAFile, options.CertificateFile, options.CertificateKeyFile);
        List<string> problems = [.. files.Problems("Hosting:ClientCAFile", "Hosting:CertificateFile", "Hosting:CertificateKeyFile", time.GetUtcNow())];
        if (options.ClientCAFile.Length > 0 && options.CertificateFile.Length == 0)
            problems.Add("Hosting:ClientCAFile asks clients for certificates, which needs TLS: "
                + "name Hosting:CertificateFile and Hosting:CertificateKeyFile too");
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
