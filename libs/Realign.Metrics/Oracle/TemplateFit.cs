using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>How well a template explains what is not background; energies are squared differences of sRGB bytes, summed.</summary>
/// <param name="Explained">Energy that the template explains with the ink that fits it best.</param>
/// <param name="Inside">Energy on the template.</param>
/// <param name="Around">Energy just outside of its outline, at most as dense as its own.</param>
/// <param name="Seen">Share of its area that lies in the picture and is not taken by other objects, 0..1.</param>
/// <param name="Area">Pixels of its whole area.</param>
/// <param name="Ink">The ink that fits best.</param>
internal readonly record struct TemplateFit(float Explained, float Inside, float Around, float Seen, float Area, Rgb Ink)
{
    /// <summary>Explained share, 0..1.</summary>
    public float Quality => Inside + Around <= 0 ? 0 : Explained / (Inside + Around);

    /// <summary>What is gained by having it: explained less unexplained energy.</summary>
    public float Benefit => (2 * Explained) - Inside - Around;
}
