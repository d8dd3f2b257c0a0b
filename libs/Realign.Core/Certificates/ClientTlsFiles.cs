using Realign.Core.Errors;

namespace Realign.Core.Certificates;

/// <summary>Files that a client of ours speaks TLS with, in PEM; empty = none.</summary>
/// <param name="AuthorityFile">Authorities whose servers are believed; none: those of the machine.</param>
/// <param name="CertificateFile">The certificate that it shows, then those that lead to its authority.</param>
/// <param name="CertificateKeyFile">The private key of that.</param>
public sealed record ClientTlsFiles(string AuthorityFile, string CertificateFile, string CertificateKeyFile)
{
    /// <summary>What is wrong with them.</summary>
    /// <param name="authorityName">What the setting of <see cref="AuthorityFile"/> is called.</param>
    /// <param name="certificateName">The same of <see cref="CertificateFile"/>.</param>
    /// <param name="keyName">The same of <see cref="CertificateKeyFile"/>.</param>
    /// <param name="now">When they shall hold.</param>
    public IReadOnlyList<string> Problems(string authorityName, string certificateName, string keyName, DateTimeOffset now)
    {
        var problems = new List<string>();
        if (AuthorityFile.Length > 0)
            Try(authorityName, () => _ = PemFiles.ReadAuthorities(AuthorityFile));
        if (CertificateFile.Length > 0 && CertificateKeyFile.Length > 0)
            Try(certificateName, () => _ = PemFiles.ReadPair(CertificateFile, CertificateKeyFile, now));
        else if (CertificateFile.Length + CertificateKeyFile.Length > 0)
            problems.Add($"{certificateName} and {keyName} go together: name the file of the certificate and that of its private key");
        return problems;

        void Try(string name, Action read)
        {
            try
            {
                read();
            }
            catch (ModelLoadException exception)
            {
                problems.Add($"{name} = {exception.Message}. {exception.WayOut}");
            }
        }
    }
}
