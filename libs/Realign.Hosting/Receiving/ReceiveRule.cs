namespace Realign.Hosting.Receiving;

/// <summary>How fast a message must arrive: within a grace time, which grows with every byte received.</summary>
internal static class ReceiveRule
{
    /// <summary>Bytes of a second after the grace time.</summary>
    public const int BytesPerSecond = 64 << 10;

    /// <summary>What is left of the time for a message.</summary>
    /// <param name="grace">Time that every message has.</param>
    /// <param name="received">Bytes of it that have arrived.</param>
    /// <param name="elapsed">Time since it was awaited.</param>
    public static TimeSpan Left(TimeSpan grace, long received, TimeSpan elapsed)
    {
        var left = grace + TimeSpan.FromSeconds((double)received / BytesPerSecond) - elapsed;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
