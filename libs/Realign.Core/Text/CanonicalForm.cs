using System.Globalization;
using System.Text;

namespace Realign.Core.Text;

/// <summary>
/// Unicode normalization forms C and D (Unicode Standard Annex 15). The runtime's own needs the ICU libraries, which a server without
/// globalisation data does not load; the tables are in <c>canonical.txt</c>, written by <c>tools/unicode/canonical.mjs</c>.
/// </summary>
public static class CanonicalForm
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;
    private const int HangulCount = LeadCount * VowelCount * TailCount;

    private static readonly Dictionary<int, int[]> _decompositions = [];
    private static readonly Dictionary<(int First, int Second), int> _compositions = [];
    private static readonly Dictionary<int, byte> _classes = [];

    static CanonicalForm()
    {
        var composable = new List<(int Code, int[] Parts)>();
        using var stream = typeof(CanonicalForm).Assembly.GetManifestResourceStream("canonical.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var fields = line[1..].Split(' ');
            var codes = Array.ConvertAll(line[0] == '#' ? fields[..2] : fields, field => int.Parse(field, NumberStyles.HexNumber,
                CultureInfo.InvariantCulture));
            if (line[0] == '#')
            {
                for (var code = codes[0]; code <= codes[1]; code++)
                    _classes[code] = byte.Parse(fields[2], CultureInfo.InvariantCulture);
                continue;
            }

            _decompositions[codes[0]] = codes[1..];
            if (line[0] == '=')
                composable.Add((codes[0], codes[1..]));
        }

        // shorter decompositions first: the first part of a pair is itself the composition of the front
        foreach (var (code, parts) in composable.OrderBy(entry => entry.Parts.Length))
        {
            var front = parts[0];
            for (var i = 1; i < parts.Length - 1; i++)
                front = _compositions[(front, parts[i])];
            _compositions[(front, parts[^1])] = code;
        }
    }

    /// <summary>Form C: composed.</summary>
    public static string Compose(string text)
    {
        if (IsLatin1(text))
            return text;
        var codes = Decomposed(text);
        var result = new List<int>(codes.Count);
        var starter = -1;
        var lastClass = 0;
        foreach (var code in codes)
        {
            var combining = Class(code);
            if (starter >= 0 && (lastClass < combining || (lastClass == 0 && starter == result.Count - 1)) && Pair(result[starter], code) is { } composed)
            {
                result[starter] = composed;
                continue;
            }

            if (combining == 0)
                starter = result.Count;
            lastClass = combining;
            result.Add(code);
        }

        return Join(result);
    }

    /// <summary>Form D: decomposed, marks in canonical order.</summary>
    public static string Decompose(string text) => text.AsSpan().IndexOfAnyExceptInRange('\0', '\u007f') < 0 ? text : Join(Decomposed(text));

    private static bool IsLatin1(string text) => text.AsSpan().IndexOfAnyExceptInRange('\0', '\u00ff') < 0;

    private static List<int> Decomposed(string text)
    {
        var codes = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            var code = rune.Value;
            if (code - HangulBase is >= 0 and < HangulCount and var index)
            {
                codes.Add(LeadBase + index / (VowelCount * TailCount));
                codes.Add(VowelBase + index % (VowelCount * TailCount) / TailCount);
                if (index % TailCount > 0)
                    codes.Add(TailBase + index % TailCount);
            }
            else if (_decompositions.TryGetValue(code, out var parts))
            {
                codes.AddRange(parts);
            }
            else
            {
                codes.Add(code);
            }
        }

        SortMarks(codes);
        return codes;
    }

    private static void SortMarks(List<int> codes)
    {
        for (var start = 0; start < codes.Count; start++)
        {
            if (Class(codes[start]) == 0)
                continue;
            var end = start + 1;
            while (end < codes.Count && Class(codes[end]) != 0)
                end++;
            if (end - start > 1)
            {
                // stable, and not quadratic in a long run of marks
                var ordered = codes.GetRange(start, end - start).OrderBy(Class).ToList();
                for (var i = 0; i < ordered.Count; i++)
                    codes[start + i] = ordered[i];
            }

            start = end;
        }
    }

    private static int Class(int code) => code < 0x300 ? 0 : _classes.GetValueOrDefault(code);

    private static int? Pair(int first, int second)
    {
        if (first - LeadBase is >= 0 and < LeadCount and var lead && second - VowelBase is >= 0 and < VowelCount and var vowel)
            return HangulBase + (lead * VowelCount + vowel) * TailCount;
        if (first - HangulBase is >= 0 and < HangulCount and var syllable && syllable % TailCount == 0 && second - TailBase is > 0 and < TailCount and var tail)
            return HangulBase + syllable + tail;
        return _compositions.TryGetValue((first, second), out var composed) ? composed : null;
    }

    private static string Join(List<int> codes)
    {
        var builder = new StringBuilder(codes.Count);
        foreach (var code in codes)
            builder.Append(new Rune(code));
        return builder.ToString();
    }
}
