using System.Reflection;
using Google.Protobuf.Reflection;

namespace Realign.Wire.Requests;

/// <summary>Values of proto enums as the protos spell them.</summary>
public static class ProtoNames
{
    /// <summary>The whole name, e.g. <c>REWARD_KIND_PICK_SCORE</c>; the number of a value that this build does not know.</summary>
    public static string Full<TEnum>(TEnum value)
        where TEnum : struct, Enum => typeof(TEnum).GetField(value.ToString())?.GetCustomAttribute<OriginalNameAttribute>()?.Name ?? value.ToString();

    /// <summary>The name without that of the enum, e.g. <c>PICK_SCORE</c>.</summary>
    public static string Short<TEnum>(TEnum value)
        where TEnum : struct, Enum
    {
        var (full, zero) = (Full(value), Full(default(TEnum)));
        const string Unspecified = "UNSPECIFIED";
        var prefix = zero.EndsWith(Unspecified, StringComparison.Ordinal) ? zero[..^Unspecified.Length] : "";
        return full.StartsWith(prefix, StringComparison.Ordinal) ? full[prefix.Length..] : full;
    }
}
