using System.Text;

namespace Realign.Grounding.GroundingDino;

/// <summary>
/// How Grounding DINO reads its text: phrases end with "." or "?", and the delimiters of a tokenized prompt separate the blocks whose
/// tokens see each other (transformers generate_masks_with_special_tokens_and_transfer_map).
/// </summary>
public static class PhrasePrompt
{
    /// <summary>The prompt of a list of labels: trimmed, lower case, joined with ". ", closed with ".".</summary>
    public static string FromLabels(IEnumerable<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return string.Join(". ", labels.Select(label => Lower(label.Trim()))) + ".";
    }

    /// <summary>The prompt of a caption: lower case, trimmed, with "." at the end: without it the last phrase is lost.</summary>
    public static string FromCaption(string caption)
    {
        ArgumentNullException.ThrowIfNull(caption);
        var text = Lower(caption).Trim();
        return text.EndsWith('.') ? text : text + ".";
    }

    /// <summary>A phrase as one block: the characters that would cut it into several become blanks.</summary>
    public static string AsOneBlock(string phrase)
    {
        ArgumentNullException.ThrowIfNull(phrase);
        var text = new StringBuilder(phrase.Length);
        foreach (var character in phrase)
            _ = text.Append(character is '.' or '?' ? ' ' : character);
        return text.ToString();
    }

    /// <summary>Token ranges of the phrases, ends exclusive: what lies between delimiters; a phrase that was cut off before its delimiter is none.</summary>
    /// <param name="ids">Ids with begin and end token.</param>
    /// <param name="delimiters">Ids of [CLS], [SEP], "." and "?".</param>
    /// <param name="length">Ids that are not padding.</param>
    public static IReadOnlyList<(int Start, int End)> Spans(ReadOnlySpan<int> ids, IReadOnlySet<int> delimiters, int length)
    {
        ArgumentNullException.ThrowIfNull(delimiters);
        var spans = new List<(int, int)>();
        var start = 0;
        for (var i = 0; i < length; i++)
        {
            if (!delimiters.Contains(ids[i]))
                continue;
            if (i > start)
                spans.Add((start, i));
            start = i + 1;
        }

        return spans;
    }

    /// <summary>Positions and text self-attention of a prompt, padding included.</summary>
    /// <param name="ids">Ids of one prompt, padded or not.</param>
    /// <param name="delimiters">Ids of [CLS], [SEP], "." and "?".</param>
    /// <returns>A position a token, counted from the start of its block; and n * n flags, row-major: which token sees which.</returns>
    public static (long[] PositionIds, bool[] Mask) Blocks(ReadOnlySpan<int> ids, IReadOnlySet<int> delimiters)
    {
        ArgumentNullException.ThrowIfNull(delimiters);
        var count = ids.Length;
        var positions = new long[count];
        var mask = new bool[count * count];
        for (var i = 0; i < count; i++)
            mask[(i * count) + i] = true;
        var previous = 0;
        for (var at = 0; at < count; at++)
        {
            if (!delimiters.Contains(ids[at]))
                continue;
            // a block that only the last position closes is not formed: its tokens stay alone, at position 0
            if (at > 0 && at < count - 1)
            {
                for (var row = previous + 1; row <= at; row++)
                {
                    positions[row] = row - previous - 1;
                    for (var column = previous + 1; column <= at; column++)
                        mask[(row * count) + column] = true;
                }
            }

            previous = at;
        }

        return (positions, mask);
    }

    private static string Lower(string text) => text.ToLowerInvariant();
}
