namespace Realign.Llama.Chat;

/// <summary>Turns a rendered conversation into tokens, segment by segment.</summary>
public static class ChatTokenizer
{
    /// <summary>
    /// Tokens of a conversation. Control tokens of the template are looked up; all other text is tokenized as plain text, so that
    /// <c>&lt;|im_end|&gt;</c> typed by a user stays what it looks like. Begin-of-text is never doubled, and added where the model wants it.
    /// </summary>
    public static int[] Tokenize(LlamaVocabulary vocabulary, IReadOnlyList<ChatSegment> segments)
    {
        var tokens = new List<int>();
        foreach (var segment in segments)
        {
            if (segment.IsControl && vocabulary.ControlToken(segment.Text) is { } control)
                tokens.Add(control);
            else
                tokens.AddRange(vocabulary.Tokenize(segment.IsControl ? segment.Text : vocabulary.Normalize(segment.Text), addSpecial: false,
                    parseSpecial: false));
        }

        if (vocabulary.AddsBegin && vocabulary.Begin is { } begin && (tokens.Count == 0 || tokens[0] != begin))
            tokens.Insert(0, begin);
        return [.. tokens];
    }
}
