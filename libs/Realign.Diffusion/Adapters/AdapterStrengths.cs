namespace Realign.Diffusion.Adapters;

/// <summary>How strong an adapter is where. Every layer has one strength: that of the narrowest block that is named, else that of its model.</summary>
/// <param name="UNet">Factor on the layers of the UNet; 1 = as trained.</param>
/// <param name="TextEncoders">Factor on the layers of the text encoders.</param>
public sealed record AdapterStrengths(double UNet, double TextEncoders)
{
    private Dictionary<string, double>? _byBlock;

    /// <summary>Blocks with a strength of their own.</summary>
    public IReadOnlyList<BlockStrength> Blocks { get; init; } = [];

    /// <summary>The same strength everywhere.</summary>
    public static AdapterStrengths Everywhere(double strength) => new(strength, strength);

    /// <summary>Whether each layer has the same strength under both.</summary>
    public bool Equals(AdapterStrengths? other) => other is not null && UNet.Equals(other.UNet) && TextEncoders.Equals(other.TextEncoders)
        && Blocks.SequenceEqual(other.Blocks);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(UNet, TextEncoders, Blocks.Count);

    internal double Of(AdapterTarget target)
    {
        if (target.Component != AdapterTarget.UNet)
            return TextEncoders;
        _byBlock ??= Blocks.ToDictionary(block => BlockNames.Canonical(block.Block), block => block.Strength, StringComparer.Ordinal);
        for (var i = target.Blocks.Count - 1; i >= 0 && _byBlock.Count > 0; i--)
        {
            if (_byBlock.TryGetValue(target.Blocks[i], out var strength))
                return strength;
        }

        return UNet;
    }
}
