using System.Globalization;
using Realign.Core;
using Realign.Core.Errors;

namespace Realign.Wire.Requests;

/// <summary>Checks of request fields that every service makes the same way.</summary>
public static class Require
{
    /// <summary>A text with at least one visible character, without NUL, of at most <paramref name="maxLength"/> code units.</summary>
    /// <exception cref="InvalidInputException">It is not.</exception>
    public static string Text(string field, string value, int maxLength = Limits.PromptLength)
    {
        if (string.IsNullOrWhiteSpace(value))
            throw new InvalidInputException(field, "empty", "a text is needed", "say what it is about");
        return OptionalText(field, value, maxLength);
    }

    /// <summary>A text that may be empty.</summary>
    /// <exception cref="InvalidInputException">It is too long or holds NUL or half a surrogate pair.</exception>
    public static string OptionalText(string field, string value, int maxLength = Limits.PromptLength)
    {
        if (value.Length > maxLength)
            throw new InvalidInputException(field, $"{value.Length} characters", $"at most {maxLength} are read", "shorten it");
        for (var i = 0; i < value.Length; i++)
        {
            if (value[i] == '\0')
                throw new InvalidInputException(field, $"U+0000 at position {i}", "NUL is not text", "remove it");
            if (!char.IsSurrogate(value[i]))
                continue;
            if (!char.IsHighSurrogate(value[i]) || i + 1 == value.Length || !char.IsLowSurrogate(value[i + 1]))
                throw new InvalidInputException(field, $"U+{(int)value[i]:X4} at position {i}", "half a surrogate pair is not text", "remove it");
            i++;
        }

        return value;
    }

    /// <summary>A whole number in a range.</summary>
    /// <exception cref="InvalidInputException">It is outside.</exception>
    public static int Range(string field, int value, int min, int max) =>
        value >= min && value <= max
            ? value
            : throw new InvalidInputException(field, value.ToString(CultureInfo.InvariantCulture), $"outside {min}..{max}", $"use {min} to {max}");

    /// <summary>A finite number in a range.</summary>
    /// <exception cref="InvalidInputException">It is outside, infinite or not a number.</exception>
    public static float Range(string field, float value, float min, float max) =>
        value >= min && value <= max
            ? value
            : throw new InvalidInputException(field, value.ToString(CultureInfo.InvariantCulture),
                string.Create(CultureInfo.InvariantCulture, $"outside {min}..{max}"), string.Create(CultureInfo.InvariantCulture, $"use {min} to {max}"));

    /// <summary>The same as the number that the caller wrote: 0.3 as a float is a little more.</summary>
    /// <exception cref="InvalidInputException">It is outside, infinite or not a number.</exception>
    public static double Written(string field, float value, float min, float max) => (double)(decimal)Range(field, value, min, max);

    /// <summary>A number of list entries in a range.</summary>
    /// <exception cref="InvalidInputException">There are fewer or more.</exception>
    public static void Count(string field, int count, int min, int max)
    {
        if (count < min || count > max)
            throw new InvalidInputException(field, $"{count} entries", $"{min} to {max} are taken", count < min ? "add some" : "split the call");
    }

    /// <summary>A value of a proto enum that this build knows.</summary>
    /// <exception cref="InvalidInputException">It is not.</exception>
    public static TEnum Known<TEnum>(string field, TEnum value)
        where TEnum : struct, Enum =>
        Enum.IsDefined(value)
            ? value
            : throw new InvalidInputException(field, value.ToString(), $"no such {typeof(TEnum).Name}",
                $"use one of {string.Join(", ", Enum.GetValues<TEnum>().Skip(1).Select(ProtoNames.Full))}");
}
