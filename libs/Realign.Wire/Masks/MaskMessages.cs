using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.V1;

namespace Realign.Wire.Masks;

/// <summary>Masks of messages.</summary>
public static class MaskMessages
{
    /// <summary>The runs of a caller's mask.</summary>
    /// <param name="field">Path of the mask in the message, for errors.</param>
    /// <param name="mask">The message.</param>
    /// <exception cref="InvalidInputException">The size is out of range, or the runs do not fill it.</exception>
    public static MaskRuns Read(string field, Mask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        return MaskRuns.Check(field, mask.Width, mask.Height, mask.Counts);
    }

    /// <summary>The runs of a mask in an answer; null where there is none, or one that no mask can be.</summary>
    public static MaskRuns? ReadOrNull(Mask? mask)
    {
        try
        {
            return mask is null ? null : Read("mask", mask);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    /// <summary>The message.</summary>
    public static Mask ToMessage(this MaskRuns runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return new Mask { Width = runs.Width, Height = runs.Height, Counts = { runs.Counts } };
    }
}
