using Realign.Core.Errors;

namespace Realign.Core.Calls;

/// <summary>Names of metadata that calls and answers of every service carry.</summary>
public static class CallMetadata
{
    /// <summary>On a call: whose it is. Calls without it are all of one tenant.</summary>
    public const string Tenant = "x-tenant";

    /// <summary>On a call: <see cref="Normal"/>, which is what calls without it have, or <see cref="Continuing"/>.</summary>
    public const string Priority = "x-priority";

    /// <summary>Value of <see cref="Priority"/>: nothing has been spent on the call.</summary>
    public const string Normal = "normal";

    /// <summary>Value of <see cref="Priority"/>: the call continues a flow that others have worked for.</summary>
    public const string Continuing = "continuing";

    /// <summary>On a call: <see cref="KeyScheme"/> and the caller's key.</summary>
    public const string Authorization = "authorization";

    /// <summary>What stands before the key (RFC 6750).</summary>
    public const string KeyScheme = "Bearer ";

    /// <summary>On an answer, in its trailers: calls that the service's models work on or that wait for them.</summary>
    public const string QueueDepth = "x-mesh-queue-depth";

    /// <summary>Characters of a tenant's name at most.</summary>
    public const int MaxTenantLength = 128;

    /// <summary>A tenant's name as a call carries it.</summary>
    /// <param name="value">Value of <see cref="Tenant"/>; null = absent.</param>
    /// <exception cref="InvalidInputException">It is too long.</exception>
    public static string ReadTenant(string? value) => value is null or { Length: <= MaxTenantLength }
        ? value ?? ""
        : throw new InvalidInputException(Tenant, $"{value.Length} characters", $"a tenant's name has at most {MaxTenantLength}", "send a shorter one");
}
