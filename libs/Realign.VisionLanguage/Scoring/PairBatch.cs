namespace Realign.VisionLanguage.Scoring;

/// <summary>What is scored in one pass of a model.</summary>
public static class PairBatch
{
    /// <summary>Most pairs.</summary>
    public const int MaxPairs = 8;

    /// <summary>Most pixels, unless one picture has more.</summary>
    public const long MaxPixels = 8L << 20;
}
