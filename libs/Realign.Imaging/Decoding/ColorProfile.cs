using System.Buffers.Binary;
using NetVips;
using Realign.Core.Errors;

namespace Realign.Imaging.Decoding;

/// <summary>The color profile in a file.</summary>
internal static class ColorProfile
{
    /// <summary>Where libvips keeps it.</summary>
    public const string Name = "icc-profile-data";

    private const int HeaderBytes = 128;

    /// <summary>The picture in sRGB, 8 bits, with the intent that color management takes unless told otherwise (perceptual).</summary>
    /// <exception cref="InvalidInputException">The profile is broken or does not fit the picture.</exception>
    public static Image Apply(Image image, string field, string shown)
    {
        // libvips takes sRGB for one that it cannot read
        if (!IsProfile((byte[])image.Get(Name), image.Bands))
            throw Refused(field, shown);
        try
        {
            return image.IccTransform("srgb", embedded: true, intent: Enums.Intent.Perceptual);
        }
        catch (VipsException)
        {
            throw Refused(field, shown);
        }
    }

    // header of ISO 15076-1: length, signature, and the color space of the samples
    private static bool IsProfile(ReadOnlySpan<byte> profile, int bands)
    {
        if (profile.Length < HeaderBytes || BinaryPrimitives.ReadUInt32BigEndian(profile) > profile.Length || !profile[36..].StartsWith("acsp"u8))
            return false;
        var space = profile.Slice(16, 4);
        return (space.SequenceEqual("RGB "u8) && bands is 3 or 4) || (space.SequenceEqual("GRAY"u8) && bands is 1 or 2)
            || (space.SequenceEqual("CMYK"u8) && bands is 4 or 5);
    }

    private static InvalidInputException Refused(string field, string shown) =>
        new(field, shown, "has a color profile that cannot be applied", "save it as sRGB, or do not ask for its profile (apply_profile)");
}
