using System.Net.Security;
using System.Security.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Realign.Core.Certificates;
using Realign.Core.Files;

namespace Realign.Hosting.Connections;

/// <summary>The certificate that the service shows now, and whose clients it takes. A change of the files counts for the next connection.</summary>
internal sealed partial class ServerTls
{
    private readonly WatchedFile<SslStreamCertificateContext>? _own;
    private readonly WatchedFile<Authorities>? _clients;

    public ServerTls(IOptions<HostingOptions> options, TimeProvider time, ILogger<ServerTls> logger)
    {
        var settings = options.Value;
        if (settings.CertificateFile.Length > 0)
        {
            _own = new(settings.CertificateFile, _ =>
            {
                var own = PemFiles.ReadPair(settings.CertificateFile, settings.CertificateKeyFile, time.GetUtcNow());
                Log.Shown(logger, own.TargetCertificate.Subject, own.TargetCertificate.SerialNumber, own.TargetCertificate.NotAfter.ToUniversalTime());
                return own;
            }, time, problem => Log.NotUsable(logger, problem.Message));
        }

        if (settings.ClientCAFile.Length > 0)
            _clients = new(
                settings.ClientCAFile, _ => PemFiles.ReadAuthorities(settings.ClientCAFile), time, problem => Log.NotUsable(logger, problem.Message));
        // as they were when the service started, whatever becomes of them before somebody connects
        _ = (_own?.Value, _clients?.Value);
    }

    /// <summary>Whether connections are made with TLS.</summary>
    public bool IsOn => _own is not null;

    /// <summary>For the next connection.</summary>
    public SslServerAuthenticationOptions Options() => new()
    {
        ServerCertificateContext = _own!.Value ?? throw new InvalidOperationException("the certificate could not be read yet"),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2],
        ClientCertificateRequired = _clients is not null,
        CertificateChainPolicy = _clients is null
            ? null
            : _clients.Value?.Policy() ?? throw new InvalidOperationException("the authorities of clients could not be read yet"),
    };

    private static partial class Log
    {
        [LoggerMessage(EventId = 410, Level = LogLevel.Information, Message = "connections are made with the certificate {Subject}, {Serial}, until {Until:u}")]
        public static partial void Shown(ILogger logger, string subject, string serial, DateTime until);

        [LoggerMessage(EventId = 411, Level = LogLevel.Warning,
            Message = "a file of certificates was changed and is not usable, what was known stays: {Problem}")]
        public static partial void NotUsable(ILogger logger, string problem);
    }
}
