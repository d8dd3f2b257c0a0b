using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Realign.Core.Errors;
using Realign.Core.Files;

namespace Realign.Core.Certificates;

/// <summary>Certificates and private keys in PEM files.</summary>
public static class PemFiles
{
    private const int MaxBytes = 1 << 20;

    /// <summary>Reads a certificate, those that lead from it to its authority, and its private key.</summary>
    /// <param name="certificateFile">The certificate first, then the others.</param>
    /// <param name="keyFile">Its key, without a password.</param>
    /// <param name="now">A certificate that does not hold now is of no use.</param>
    /// <exception cref="ModelLoadException">One of the files is not there or not usable, or they do not belong together.</exception>
    public static SslStreamCertificateContext ReadPair(string certificateFile, string keyFile, DateTimeOffset now)
    {
        var text = Text(certificateFile);
        var key = Text(keyFile);
        if (key.Contains("ENCRYPTED", StringComparison.Ordinal))
            throw new ModelLoadException(keyFile, "the key has a password",
                "write it without one: openssl pkey -in KEY -out PLAIN, readable by the service only");
        var all = Parse(certificateFile, text);
        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.CreateFromPem(text, key);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new ModelLoadException(keyFile, $"it has no private key of the certificate in {certificateFile}",
                "name the key that the certificate was made with, in PEM (-----BEGIN PRIVATE KEY-----)", exception);
        }

        if (now < certificate.NotBefore || now > certificate.NotAfter)
        {
            throw new ModelLoadException(certificateFile, FormattableString.Invariant(
                $"the certificate holds from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u}, and not now"),
                "have it renewed, and look at this machine's clock");
        }

        return SslStreamCertificateContext.Create(certificate, [.. all.Skip(1)], offline: true);
    }

    /// <summary>Reads the certificates of authorities, and of those between them and a peer if it does not send them.</summary>
    /// <exception cref="ModelLoadException">The file is not there or not usable.</exception>
    public static Authorities ReadAuthorities(string path) => new(Parse(path, Text(path)));

    private static string Text(string path) => Encoding.UTF8.GetString(ModelText.Read(path, MaxBytes));

    private static X509Certificate2Collection Parse(string path, string text)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(text);
        }
        catch (CryptographicException exception)
        {
            throw new ModelLoadException(path, $"it is no certificate: {exception.Message}", WayOut, exception);
        }

        return found.Count > 0 ? found : throw new ModelLoadException(path, "there is no certificate in it", WayOut);
    }

    private const string WayOut = "name a file in PEM (-----BEGIN CERTIFICATE-----)";
}
