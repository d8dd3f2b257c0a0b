using System.Runtime.InteropServices;

namespace Realign.Probe;

/// <summary>The machine's own authorities, hundreds of files that .NET reads for every chain, in fifteen times the time of everything else here.</summary>
internal static partial class SystemAuthorities
{
    private const string Nowhere = "/dev/null/none";

    /// <summary>Lets them be: others were named, and they would not count. .NET looks at OpenSSL's own variables.</summary>
    public static void Ignore()
    {
        _ = Set("SSL_CERT_DIR", Nowhere, 1);
        _ = Set("SSL_CERT_FILE", Nowhere, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Set(string name, string value, int overwrite);
}
