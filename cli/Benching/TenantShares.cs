using System.Globalization;
using Realign.Core.Calls;

namespace Realign.Cli.Benching;

/// <summary>Whose calls are made, and in which proportion.</summary>
internal sealed class TenantShares
{
    private const int MostShares = 1000;

    private readonly (string Name, int Share)[] _tenants;

    private TenantShares(IEnumerable<(string Name, int Share)> tenants) => _tenants = [.. tenants];

    /// <summary>Calls without a tenant.</summary>
    public static TenantShares None { get; } = new([("", 1)]);

    /// <summary>Their names; none where calls have no tenant.</summary>
    public IReadOnlyList<string> Names => [.. _tenants.Select(tenant => tenant.Name).Where(name => name.Length > 0)];

    /// <summary>Reads <c>a:10,b:1</c>.</summary>
    /// <returns>Null where it is not written so.</returns>
    public static TenantShares? Read(string text)
    {
        var tenants = new List<(string Name, int Share)>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            var pieces = part.Split(':');
            if (pieces is not [{ Length: > 0 and <= CallMetadata.MaxTenantLength } name, var number] || !name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.')
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var share) || share is < 1 or > MostShares
                || tenants.Exists(tenant => tenant.Name == name))
                return null;
            tenants.Add((name, share));
        }

        return new TenantShares(tenants);
    }

    /// <summary>Whose the first call is, the second one, and so on without end: evenly mixed (smooth weighted round robin).</summary>
    public IEnumerable<string> Sequence()
    {
        var credits = new int[_tenants.Length];
        var total = _tenants.Sum(tenant => tenant.Share);
        while (true)
        {
            var best = 0;
            for (var i = 0; i < credits.Length; i++)
            {
                credits[i] += _tenants[i].Share;
                if (credits[i] > credits[best])
                    best = i;
            }

            credits[best] -= total;
            yield return _tenants[best].Name;
        }
    }
}
