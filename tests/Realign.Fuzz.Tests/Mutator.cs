using System.Text;
using System.Text.Json;

namespace Realign.Fuzz.Tests;

/// <summary>Damages files: bytes at random, or the values of a JSON text so that it stays JSON. The same seed gives the same mutant.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "2", "1.5", "1e999", "-1e999", "1e-999", "255", "65536", "2147483647", "2147483648", "-2147483648",
            "4294967296",
        "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "Infinity", "NaN", "[]", "{}", "[[]]",
            "[0]",
        "[-1]", "[1,1,1]", "[0,0]", "[9223372036854775807,2]", "{\"a\":{}}", "\"\"", "\"x\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"", "\"a\\nb\"",
            "\" \"", "\"\u2581\"",
        "\"../../x\"", "\"/\"", "\"0\"", "\"None\"", "\"F32\"", "\"silu\"",
    ];

    private static readonly ulong[] Numbers = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x7FFF_FFFF_FFFF_FFFF,
        0x8000_0000_0000_0000, ulong.MaxValue];

    private readonly Random _random = new(seed);

    /// <summary>A number from 0 to below the limit, for choices of the caller.</summary>
    public int Choose(int limit) => _random.Next(limit);

    /// <summary>One to four changes of bytes.</summary>
    public byte[] Bytes(byte[] original)
    {
        var bytes = original.ToList();
        for (var left = _random.Next(1, 5); left > 0; left--)
        {
            var at = _random.Next(bytes.Count + 1);
            var count = Math.Min(bytes.Count - at, 1 << _random.Next(0, 8));
            switch (_random.Next(7))
            {
                case 0 when count > 0:
                    bytes[at] ^= (byte)(1 << _random.Next(8));
                    break;
                case 1 when count > 0:
                    bytes[at] = (byte)_random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, count);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, count));
                    break;
                case 4:
                    var number = BitConverter.GetBytes(Numbers[_random.Next(Numbers.Length)]).AsSpan(0, Math.Min(1 << _random.Next(4), bytes.Count - at));
                    for (var i = 0; i < number.Length; i++)
                        bytes[at + i] = number[i];
                    break;
                case 5 when _random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(Values[_random.Next(Values.Length)]));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>One to three values, names or whole branches of a JSON text replaced, left out or doubled; sometimes plain damage.</summary>
    public byte[] Json(byte[] original)
    {
        var bytes = original;
        for (var left = _random.Next(1, 4); left > 0; left--)
        {
            if (_random.Next(6) == 0 || Spans(bytes) is not { Count: > 0 } spans)
                return Bytes(bytes);
            var (start, end, isName) = spans[_random.Next(spans.Count)];
            byte[] replacement = _random.Next(8) switch
            {
                0 => [],
                1 => [.. bytes[start..end], (byte)',', .. bytes[start..end]],
                2 => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("[", 1 << _random.Next(12)))),
                3 when spans[_random.Next(spans.Count)] is var other => bytes[other.Start..other.End],
                _ when isName => Encoding.UTF8.GetBytes(Values[_random.Next(Array.IndexOf(Values, "\"\""), Values.Length)] + ":"),
                _ => Encoding.UTF8.GetBytes(Values[_random.Next(Values.Length)]),
            };
            bytes = [.. bytes[..start], .. replacement, .. bytes[end..]];
        }

        return bytes;
    }

    private static List<(int Start, int End, bool IsName)> Spans(byte[] json)
    {
        var spans = new List<(int, int, bool)>();
        var open = new Stack<int>();
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                var start = (int)reader.TokenStartIndex;
                if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    open.Push(start);
                else if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
                    spans.Add((open.Pop(), (int)reader.BytesConsumed, false));
                else
                    spans.Add((start, (int)reader.BytesConsumed, reader.TokenType == JsonTokenType.PropertyName));
            }
        }
        catch (JsonException)
        {
            // an earlier change broke it: what was read so far can still be damaged
        }

        return spans;
    }
}
