using System.Text.Json;
using System.Text.Unicode;

namespace Realign.Core.Configs;

/// <summary>
/// JSON of files that somebody else wrote. The JSON reader of .NET decodes strings when they are asked for and fails only then, even in a
/// look-up of another name; here a string that is no text (a lone surrogate, bytes that are no UTF-8) fails the parse.
/// </summary>
public static class StrictJson
{
    /// <summary>Parses a document all of whose names and strings are text.</summary>
    /// <param name="utf8">JSON text.</param>
    /// <param name="options">As for the plain parser.</param>
    /// <exception cref="JsonException">It is not JSON, or a string is not text.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> utf8, JsonDocumentOptions options = default)
    {
        if (!Utf8.IsValid(utf8.Span))
            throw new JsonException("it is not UTF-8");
        if (utf8.Span.IndexOf("\\u"u8) >= 0)
            CheckEscapes(utf8.Span, options);
        return JsonDocument.Parse(utf8, options);
    }

    private static void CheckEscapes(ReadOnlySpan<byte> utf8, JsonDocumentOptions options)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions
        {
            MaxDepth = options.MaxDepth,
            AllowTrailingCommas = options.AllowTrailingCommas,
            CommentHandling = options.CommentHandling
        });
        while (reader.Read())
        {
            if (!reader.ValueIsEscaped)
                continue;
            try
            {
                _ = reader.GetString();
            }
            catch (InvalidOperationException exception)
            {
                throw new JsonException($"the string at byte {reader.TokenStartIndex} is not text", exception);
            }
        }
    }
}
