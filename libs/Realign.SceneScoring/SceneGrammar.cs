using System.Globalization;
using System.Text;

namespace Realign.SceneScoring;

/// <summary>
/// Grammars (GBNF) that leave a model nothing but a valid answer: the given tags in the given order, each certain with a phrase, possible
/// with two words or absent, then missing objects.
/// </summary>
public static class SceneGrammar
{
    private const int MaxMissing = 8;
    private const string Word = """word ::= [^"\\\x00-\x20\x7F]{1,24}""";

    /// <summary>Grammar of a whole answer.</summary>
    /// <param name="tags">Each once; any text without NUL.</param>
    public static string Score(IReadOnlyList<string> tags)
    {
        var grammar = new StringBuilder();
        Root(grammar, tags, withMissing: true);
        _ = grammar.Append(""" verdict ::= "2,\"phrase\":\"" phrase "\",\"source\":\"tag\"}" """.Trim());
        _ = grammar.Append(""" | "0.5,\"phrase\":\"" two "\",\"source\":\"tag\"}" """.TrimEnd());
        _ = grammar.AppendLine(""" | "0,\"phrase\":\"\",\"source\":\"tag\"}" """.TrimEnd());
        _ = grammar.AppendLine(""" missing ::= "{\"tag\":\"" name "\",\"score\":2,\"phrase\":\"" phrase "\",\"source\":\"missing\"}" """.Trim());
        _ = grammar.AppendLine("""phrase ::= word (" " word){0,11}""");
        _ = grammar.AppendLine("""two ::= word " " word""");
        _ = grammar.AppendLine("""name ::= word (" " word){0,2}""");
        return grammar.AppendLine(Word).ToString();
    }

    /// <summary>Grammar of an answer with scores only: its length is known, so it always fits.</summary>
    /// <param name="tags">At least one.</param>
    public static string ScoreOnly(IReadOnlyList<string> tags)
    {
        var grammar = new StringBuilder();
        Root(grammar, tags, withMissing: false);
        return grammar.AppendLine(""" verdict ::= ("2" | "0.5" | "0") ",\"phrase\":\"\",\"source\":\"tag\"}" """.Trim()).ToString();
    }

    /// <summary>Grammar of the entities of a prompt, the same for every request.</summary>
    public static string Entities { get; } = string.Join('\n',
        """root ::= "[" (entity ("," entity){0,15})? "]" """.Trim(),
        """entity ::= "{\"entity\":\"" name "\",\"attributes\":[" (attribute ("," attribute){0,7})? "]}" """.Trim(),
        """attribute ::= "\"" name "\"" """.Trim(),
        """name ::= word (" " word){0,2}""",
        Word) + "\n";

    /// <summary>A JSON string with the fewest escapes: what a model writes, and what the grammar and the instruction must agree on.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            _ = character switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                < ' ' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }

    private static void Root(StringBuilder grammar, IReadOnlyList<string> tags, bool withMissing)
    {
        var items = string.Join(" \",\" ", Enumerable.Range(0, tags.Count).Select(index => $"item{index}"));
        _ = grammar.Append("root ::= \"[\" ");
        if (tags.Count == 0)
            _ = grammar.Append(CultureInfo.InvariantCulture, $"(missing (\",\" missing){{0,{MaxMissing - 1}}})?");
        else
            _ = grammar.Append(items).Append(withMissing ? $" (\",\" missing){{0,{MaxMissing}}}" : "");
        _ = grammar.AppendLine(" \"]\"");
        for (var index = 0; index < tags.Count; index++)
            _ = grammar.AppendLine(CultureInfo.InvariantCulture, $"item{index} ::= {Literal($"{{\"tag\":{Quote(tags[index])},\"score\":")} verdict");
    }

    /// <summary>A GBNF literal: the text has no control characters any more, so only its quotes and backslashes need care.</summary>
    private static string Literal(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
