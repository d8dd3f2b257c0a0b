using Realign.Core.Text;

namespace Realign.Hosting.Access;

/// <summary>Names of files that a key may use: whole ones, all of a folder (<c>styles/*</c>), or all (<c>*</c>).</summary>
/// <param name="entries">The names; none of them = no file at all.</param>
internal sealed class NameList(IEnumerable<string> entries)
{
    private readonly SortedSet<string> _entries = new(entries.Select(CanonicalForm.Compose), StringComparer.Ordinal);

    /// <summary>Whether a name is one of them, however its letters are composed.</summary>
    public bool Allows(string name)
    {
        var composed = CanonicalForm.Compose(name);
        return _entries.Any(entry => entry.EndsWith('*') ? composed.StartsWith(entry[..^1], StringComparison.Ordinal) : entry == composed);
    }

    /// <summary>Whether another list says the same.</summary>
    public bool Says(NameList other) => _entries.SetEquals(other._entries);
}
