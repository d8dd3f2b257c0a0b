using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Core.Certificates;

/// <summary>How a client of ours speaks TLS: whom it believes and what it shows. Files that change count for the next connection.</summary>
public sealed class ClientTls
{
    private readonly WatchedFile<Authorities>? _authorities;
    private readonly WatchedFile<SslStreamCertificateContext>? _own;

    /// <summary>Reads them.</summary>
    /// <param name="files">The files.</param>
    /// <param name="time">Clock.</param>
    /// <param name="notUsable">Told why what was known stays, when a file has changed and is not usable.</param>
    public ClientTls(ClientTlsFiles files, TimeProvider time, Action<ModelLoadException> notUsable)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(time);
        if (files.AuthorityFile.Length > 0)
            _authorities = new(files.AuthorityFile, _ => PemFiles.ReadAuthorities(files.AuthorityFile), time, notUsable);
        if (files.CertificateFile.Length > 0)
            _own = new(files.CertificateFile, _ => PemFiles.ReadPair(files.CertificateFile, files.CertificateKeyFile, time.GetUtcNow()), time, notUsable);
        _ = (_authorities?.Value, _own?.Value);
    }

    /// <summary>For the connections of a client. Names in certificates are compared with the host of the address, as always.</summary>
    public SslClientAuthenticationOptions Options()
    {
        var options = new SslClientAuthenticationOptions { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 };
        if (_authorities is not null)
            options.RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsBelieved(certificate, chain, errors);
        // what leads to the authority cannot be sent along: see docs/operations.md
        if (_own is not null)
            options.LocalCertificateSelectionCallback = (_, _, _, _, _) => _own.Value?.TargetCertificate!;
        return options;
    }

    private bool IsBelieved(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is X509Certificate2 shown && chain is not null && (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None
        && _authorities!.Value?.TrustsServer(shown, chain) == true;
}
