using Realign.Core.Timings;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

/// <summary>The one stop-watch.</summary>
public sealed class CallTimingsTests
{
    [Fact]
    public void PartsOfOneName_AreAddedUpInTheOrderOfTheFirst()
    {
        var clock = new Clock();
        var timings = new CallTimings(clock);

        clock.Now += TimeSpan.FromMilliseconds(3);
        timings.Mark("denoise");
        clock.Now += TimeSpan.FromMilliseconds(5);
        timings.Mark("decode");
        clock.Now += TimeSpan.FromMilliseconds(7);
        timings.Restart();
        clock.Now += TimeSpan.FromMilliseconds(11);
        timings.Mark("denoise");

        timings.All.ShouldBe([("denoise", TimeSpan.FromMilliseconds(14)), ("decode", TimeSpan.FromMilliseconds(5))]);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
