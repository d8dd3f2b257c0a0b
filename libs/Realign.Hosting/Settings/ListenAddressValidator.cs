using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Settings;

/// <summary>Checks the addresses to listen at, which the server itself refuses with a stack trace.</summary>
internal sealed class ListenAddressValidator(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        var addresses = (configuration[WebHostDefaults.ServerUrlsKey] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var scheme = options.CertificateFile.Length > 0 ? "https" : "http";
        var why = options.CertificateFile.Length > 0 ? ", as Hosting:CertificateFile is set" : "";
        List<string> failures =
            [.. addresses.Where(address => !IsUsable(address, scheme)).Select(address => $"urls = '{address}': write it like {scheme}://127.0.0.1:5101{why}")];
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static bool IsUsable(string address, string scheme)
    {
        try
        {
            return BindingAddress.Parse(address) is { Port: <= ushort.MaxValue } parsed && parsed.Scheme == scheme;
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
