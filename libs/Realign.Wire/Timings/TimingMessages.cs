using Realign.Core.Timings;
using Realign.V1;

namespace Realign.Wire.Timings;

/// <summary>Timings of an answer.</summary>
public static class TimingMessages
{
    /// <summary>One message a part, in their order.</summary>
    public static IEnumerable<Timing> ToMessages(this CallTimings timings)
    {
        ArgumentNullException.ThrowIfNull(timings);
        return timings.All.Select(part => new Timing { Name = part.Name, Milliseconds = part.Time.TotalMilliseconds });
    }
}
