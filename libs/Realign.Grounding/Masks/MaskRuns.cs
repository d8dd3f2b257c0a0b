using Realign.Core.Images;

namespace Realign.Grounding.Masks;

/// <summary>A mask as run lengths: a fraction of the memory of its pixels.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Counts">COCO run lengths, down the columns.</param>
public sealed record MaskRuns(int Width, int Height, IReadOnlyList<uint> Counts)
{
    /// <summary>Encodes a mask.</summary>
    public static MaskRuns From(BinaryMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return new MaskRuns(mask.Width, mask.Height, RunLengthEncoding.Encode(mask));
    }
}
