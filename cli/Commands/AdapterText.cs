using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>An adapter as it is typed: <c>NAME[=STRENGTH][,unet=X][,clip=X][,BLOCK=X]...</c>.</summary>
internal static class AdapterText
{
    /// <summary>The adapter; ranges and names are checked by the Generator, which says what is wrong.</summary>
    public static Adapter Read(string text)
    {
        var pieces = text.Split(',');
        // what is no "key=number" belongs to the name, which may have commas
        var first = pieces.Length;
        while (first > 1 && Pair(pieces[first - 1]) is { Key.Length: > 0 })
            first--;
        var name = string.Join(',', pieces[..first]);
        var adapter = Pair(name) is { } strength ? new Adapter { Name = strength.Key, Strength = strength.Value } : new Adapter { Name = name };
        foreach (var (key, value) in pieces[first..].Select(piece => Pair(piece)!.Value))
        {
            if (key == "unet")
                adapter.UnetStrength = value;
            else if (key == "clip")
                adapter.ClipStrength = value;
            else
                adapter.Blocks.Add(new BlockStrength { Block = key, Strength = value });
        }

        return adapter;
    }

    // what follows the last "=" is a strength if it is a number, else part of the name
    private static (string Key, float Value)? Pair(string text)
    {
        var at = text.LastIndexOf('=');
        return at >= 0 && InvariantNumbers.TryRead<float>(text.AsSpan(at + 1), out var value) ? (text[..at], value) : null;
    }
}
