using Microsoft.Extensions.Options;
using Realign.Core.Certificates;

namespace Realign.Gateway.Backends;

/// <summary>Whom the Gateway believes to be a backend, and what it shows them.</summary>
internal sealed partial class BackendCertificates(IOptions<GatewayOptions> options, TimeProvider time, ILogger<BackendCertificates> logger)
{
    public ClientTls Tls { get; } = new(options.Value.TlsFiles(), time, problem => Log.NotUsable(logger, problem.Message));

    private static partial class Log
    {
        [LoggerMessage(EventId = 510, Level = LogLevel.Warning,
            Message = "a file of certificates for backends was changed and is not usable, what was known stays: {Problem}")]
        public static partial void NotUsable(ILogger logger, string problem);
    }
}
