using Xunit;

namespace Realign.Testing;

/// <summary>Finds the golden data. A laptop without it skips those tests; CI fails.</summary>
public static class ConformancePack
{
    /// <summary>Root folder of the pack.</summary>
    public static string Require()
    {
        if (Find() is { } folder)
            return folder;
        const string Reason = "the conformance pack is not here: set REALIGN_CONFORMANCE to its folder, or put it at ../shared/conformance beside the checkout";
        if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            Assert.Fail(Reason);
        Assert.Skip(Reason);
        return "";
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("REALIGN_CONFORMANCE") is { Length: > 0 } configured)
            return Directory.Exists(configured) ? configured : null;
        var candidate = Path.Combine(Checkout.Root, "..", "shared", "conformance");
        return Directory.Exists(candidate) ? Path.GetFullPath(candidate) : null;
    }
}
