using Microsoft.Extensions.Options;

namespace Realign.Gateway.Backends;

/// <summary>A Gateway whose certificates cannot be read does not start: it would reach no backend.</summary>
internal sealed class BackendCertificatesValidator(TimeProvider time) : IValidateOptions<GatewayOptions>
{
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        var problems = options.TlsFiles().Problems(
            "Gateway:BackendCAFile", "Gateway:BackendCertificateFile", "Gateway:BackendCertificateKeyFile", time.GetUtcNow());
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
