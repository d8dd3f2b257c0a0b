using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Realign.Core.Certificates;

/// <summary>Whoever has a certificate of one of them is believed, and nobody else: the machine's own authorities do not count.</summary>
public sealed class Authorities
{
    private const string ServerPurpose = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2Collection _certificates;

    internal Authorities(X509Certificate2Collection certificates) => _certificates = certificates;

    /// <summary>How the chain of a peer's certificate is built.</summary>
    public X509ChainPolicy Policy()
    {
        // no list of revoked certificates is fetched: a private authority has short-lived ones instead
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(_certificates);
        policy.ExtraStore.AddRange(_certificates);
        return policy;
    }

    /// <summary>Whether a server's certificate is of one of them and holds now. Its name is not looked at.</summary>
    /// <param name="certificate">Of the server.</param>
    /// <param name="sent">The chain that was built from what it sent.</param>
    internal bool TrustsServer(X509Certificate2 certificate, X509Chain sent)
    {
        using var chain = new X509Chain { ChainPolicy = Policy() };
        chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        _ = chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerPurpose));
        return chain.Build(certificate);
    }
}
