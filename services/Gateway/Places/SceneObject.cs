using Realign.V1;

namespace Realign.Gateway.Places;

/// <summary>An object that the image shall or may show, with its place in the scene scorer's answer.</summary>
/// <param name="Index">Place of the entry, from 0.</param>
/// <param name="Entry">The entry.</param>
internal sealed record SceneObject(int Index, SceneEntry Entry)
{
    /// <summary>What tells it apart from others of its noun, as a text to look for: <c>red car</c>, never a count.</summary>
    public string Description => string.Join(' ', [.. Entry.Attributes, Entry.Tag]);

    /// <summary>Places that it needs at least.</summary>
    public int Count => Math.Max(1, Entry.Count);

    /// <summary>Whether every further place is its own: "red cars" without a number.</summary>
    public bool TakesAll => Entry.Plural && Entry.Count == 0;

    /// <summary>Whether two entries speak of one object of the prompt.</summary>
    public bool IsSame(SceneObject other) =>
        Entry.Noun.Length > 0 && Entry.Noun == other.Entry.Noun && Entry.Instance == other.Entry.Instance && Entry.Score >= 2 && other.Entry.Score >= 2;
}
