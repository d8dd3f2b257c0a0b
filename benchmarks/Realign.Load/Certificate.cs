using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Realign.Core.Certificates;

namespace Realign.LoadBenchmark;

/// <summary>One certificate, its own authority, that all processes of a run show and believe; its files go away with it.</summary>
internal sealed class Certificate : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-load").FullName;

    public Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=realign load", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var made = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        File.WriteAllText(CertificateFile, made.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>Settings of a process that shows it and asks for it.</summary>
    public string[] Settings =>
        [$"--Hosting:CertificateFile={CertificateFile}", $"--Hosting:CertificateKeyFile={KeyFile}", $"--Hosting:ClientCAFile={CertificateFile}"];

    /// <summary>Settings of a Gateway before such processes.</summary>
    public string[] BackendSettings =>
        [$"--Gateway:BackendCAFile={CertificateFile}", $"--Gateway:BackendCertificateFile={CertificateFile}", $"--Gateway:BackendCertificateKeyFile={KeyFile}"];

    private string CertificateFile => Path.Combine(_folder, "tls.crt");

    private string KeyFile => Path.Combine(_folder, "tls.key");

    /// <summary>A client that shows and believes it.</summary>
    public SslClientAuthenticationOptions Client() =>
        new ClientTls(new ClientTlsFiles(CertificateFile, CertificateFile, KeyFile), TimeProvider.System, problem => throw problem).Options();

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
