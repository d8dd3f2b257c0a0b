using Microsoft.Extensions.Options;
using Realign.Core.Errors;

namespace Realign.Hosting.Access;

/// <summary>A service whose keys cannot be read does not start: it would be open, or closed to everybody.</summary>
internal sealed class KeyFileValidator(TimeProvider time) : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        if (options.KeyFile.Length == 0)
            return ValidateOptionsResult.Success;
        try
        {
            foreach (var key in KeyFile.Read(options.KeyFile, time).Values)
                key.Dispose();
            return ValidateOptionsResult.Success;
        }
        catch (ModelLoadException exception)
        {
            return ValidateOptionsResult.Fail($"Hosting:KeyFile = {exception.Message}. {exception.WayOut}");
        }
    }
}
