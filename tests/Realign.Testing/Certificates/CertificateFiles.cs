using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Realign.Core.Certificates;

namespace Realign.Testing.Certificates;

/// <summary>An authority and one certificate of it, for localhost and 127.0.0.1, as PEM files that can be replaced.</summary>
public sealed class CertificateFiles : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-certificates").FullName;
    private readonly X509Certificate2 _authority;
    private int _serial;

    /// <summary>Makes both.</summary>
    public CertificateFiles()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=an authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-100), TimeProvider.System.GetUtcNow().AddDays(100));
        Write("ca.pem", _authority.ExportCertificatePem());
        Issue();
    }

    /// <summary>Path of the authority's certificate.</summary>
    public string Authority => In("ca.pem");

    /// <summary>Path of the certificate.</summary>
    public string Certificate => In("tls.crt");

    /// <summary>Path of its key.</summary>
    public string Key => In("tls.key");

    /// <summary>The certificate's number.</summary>
    public string Serial { get; private set; } = "";

    /// <summary>Puts another certificate and another key in the place of those.</summary>
    /// <param name="days">From today on; negative = it has expired.</param>
    /// <param name="host">Whom it is for.</param>
    public void Issue(int days = 30, string host = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        if (host == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.Create(_authority, now.AddDays(Math.Min(-1, days - 1)), now.AddDays(days), BitConverter.GetBytes(++_serial));
        Serial = made.SerialNumber;
        Write("tls.crt", made.ExportCertificatePem());
        Write("tls.key", key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Puts a text in the place of the certificate.</summary>
    public void Spoil(string text) => Write("tls.crt", text);

    /// <summary>A client that believes this authority.</summary>
    /// <param name="shows">Files whose certificate it shows; none when null.</param>
    public SslClientAuthenticationOptions Client(CertificateFiles? shows = null) => new ClientTls(
        new ClientTlsFiles(Authority, shows?.Certificate ?? "", shows?.Key ?? ""), TimeProvider.System, problem => throw problem).Options();

    /// <inheritdoc/>
    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string In(string name) => Path.Combine(_folder, name);

    private void Write(string name, string text)
    {
        File.WriteAllText(In(name + ".new"), text);
        File.Move(In(name + ".new"), In(name), overwrite: true);
    }
}
