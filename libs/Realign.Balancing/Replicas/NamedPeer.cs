namespace Realign.Balancing.Replicas;

/// <summary>Calls a replica at one of the addresses of a name by that name: it is in the certificate, where there is one.</summary>
internal sealed class NamedPeer : DelegatingHandler
{
    private readonly string _name;

    public NamedPeer(Uri name, HttpMessageHandler inner)
        : base(inner) => _name = name.Authority;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Host = _name;
        return base.SendAsync(request, cancellationToken);
    }
}
