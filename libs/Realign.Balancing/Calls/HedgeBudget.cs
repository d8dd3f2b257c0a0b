namespace Realign.Balancing.Calls;

/// <summary>How many calls may be made twice: a share of all. Thread-safe.</summary>
/// <param name="percent">Second calls of a hundred calls; 0 = none.</param>
internal sealed class HedgeBudget(double percent)
{
    /// <summary>What a quiet time saves up at most: the second calls of a moment in which a replica stops.</summary>
    private const double MostSaved = 10;

    private readonly Lock _lock = new();
    private double _saved;

    public bool IsOff => percent <= 0;

    /// <summary>A call was made.</summary>
    public void Earn()
    {
        lock (_lock)
            _saved = Math.Min(MostSaved, _saved + (percent / 100));
    }

    /// <summary>Whether one more may be made.</summary>
    public bool TrySpend()
    {
        lock (_lock)
        {
            // ten tenths are a little less than one
            if (_saved < 1 - 1e-9)
                return false;
            _saved--;
            return true;
        }
    }
}
