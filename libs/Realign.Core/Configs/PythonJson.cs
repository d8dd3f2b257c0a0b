using System.Text;
using System.Text.RegularExpressions;

namespace Realign.Core.Configs;

/// <summary>Published files are written by Python, whose JSON may hold <c>Infinity</c> and <c>NaN</c>: not JSON, but in circulation.</summary>
public static partial class PythonJson
{
    /// <summary>The same text with those words quoted, so that any JSON reader takes it. Strings are left alone.</summary>
    public static ReadOnlyMemory<byte> Standardise(ReadOnlyMemory<byte> utf8) =>
        utf8.Span.IndexOf("Infinity"u8) < 0 && utf8.Span.IndexOf("NaN"u8) < 0
            ? utf8
            : Encoding.UTF8.GetBytes(StringOrWord().Replace(Encoding.UTF8.GetString(utf8.Span), match =>
                match.Value[0] == '"' ? match.Value : $"\"{match.Value}\""));

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|-?Infinity|NaN
        """, RegexOptions.NonBacktracking | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex StringOrWord();
}
