using System.Globalization;

namespace Realign.Balancing.Addresses;

/// <summary>
/// Where the replicas of a service are:
/// <list type="bullet">
/// <item><c>http://host:port</c> or <c>https://host:port</c>, several with commas between them;</item>
/// <item><c>static:///host:port,host:port</c>, the same without schemes;</item>
/// <item><c>dns:///name:port</c>: every address that the name has, now and later; <c>dns+https:///name:port</c>: the same with TLS, where each of them shows
/// a certificate of that name.</item>
/// </list>
/// </summary>
public sealed class ServiceAddress
{
    private const string Static = "static:///";
    private static readonly (string Prefix, string Scheme)[] _names = [("dns:///", "http"), ("dns+https:///", "https")];

    private ServiceAddress(string text, IReadOnlyList<Uri> replicas, Uri? name)
    {
        Text = text;
        Replicas = replicas;
        Name = name;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The replicas; empty where a name stands for them.</summary>
    public IReadOnlyList<Uri> Replicas { get; }

    /// <summary>Name and port to look up; null where the replicas are written down.</summary>
    public Uri? Name { get; }

    /// <summary>Reads an address.</summary>
    /// <param name="text">The text.</param>
    /// <param name="address">The address; null where it is none.</param>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static string? Read(string text, out ServiceAddress? address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        foreach (var (prefix, scheme) in _names)
        {
            if (!text.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                continue;
            var name = text[prefix.Length..];
            if (!HasPort(name) || Endpoint($"{scheme}://{name}") is not { } found)
                return $"'{text}' has no name and port";
            address = new ServiceAddress(text, [], found);
            return null;
        }

        var isStatic = text.StartsWith(Static, StringComparison.OrdinalIgnoreCase);
        var replicas = new List<Uri>();
        foreach (var part in (isStatic ? text[Static.Length..] : text).Split(',', StringSplitOptions.TrimEntries))
        {
            if (Endpoint(isStatic && HasPort(part) && !part.Contains("//", StringComparison.Ordinal) ? $"http://{part}" : part) is not { } replica)
                return $"'{part}' is not an address";
            if (replicas.Contains(replica))
                return $"'{replica}' stands there twice, and one replica is one address";
            replicas.Add(replica);
        }

        address = new ServiceAddress(text, replicas, null);
        return null;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static bool HasPort(string text) =>
        text.LastIndexOf(':') is var at and > 0 && ushort.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);

    private static Uri? Endpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/" && uri.Query.Length == 0
            && uri.UserInfo.Length == 0 ? uri : null;
}
