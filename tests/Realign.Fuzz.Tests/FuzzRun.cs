using System.Diagnostics;
using System.Globalization;
using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Fuzz.Tests;

/// <summary>Feeds mutants to a reader. Each must be read or refused with a typed error, within time and memory that belong to its size.</summary>
internal static class FuzzRun
{
    private const int Targets = 6;
    private const long BaseBytes = 160L << 20;
    private const long BytesPerByte = 200;
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(60);

    /// <summary>Mutants for each target: REALIGN_FUZZ is the number for all of them together.</summary>
    public static int Count { get; } = int.Parse(Environment.GetEnvironmentVariable("REALIGN_FUZZ") is { Length: > 0 } text ? text : "6000",
        CultureInfo.InvariantCulture) / Targets;

    /// <summary>Runs a target.</summary>
    /// <param name="target">Name for messages.</param>
    /// <param name="prepare">Makes the mutant and returns its size and what reads it.</param>
    public static void Run(string target, Func<Mutator, (int Size, Action Read)> prepare)
    {
        var (accepted, refused, number) = (0, 0, 0);
        var (slowest, largest) = (TimeSpan.Zero, 0L);
        using var watchdog = new Timer(_ => Environment.FailFast($"{target}: mutant {number} is not read within {Hang.TotalSeconds} s"));
        for (; number < Count; number++)
        {
            var (size, read) = prepare(new Mutator(HashCode(target, number)));
            watchdog.Change(Hang, Timeout.InfiniteTimeSpan);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            try
            {
                read();
                accepted++;
            }
            catch (Exception exception) when (exception is RealignException)
            {
                refused++;
                exception.Message.Length.ShouldBeLessThan((1 << 20) + (20 * size), $"{target}, mutant {number}: the message");
            }
            catch (Exception exception)
            {
                Assert.Fail($"{target}, mutant {number}: {exception}");
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            allocated.ShouldBeLessThan(BaseBytes + (BytesPerByte * size), $"{target}, mutant {number} of {size} bytes allocates");
            (slowest, largest) = (Max(slowest, watch.Elapsed), Math.Max(largest, allocated));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target}: {Count} mutants, {accepted} read, {refused} refused, slowest {slowest.TotalMilliseconds:0} ms, most memory "
                + $"{largest / 1048576.0:0.0} MiB"));
        refused.ShouldBeGreaterThan(Count / 20);
        accepted.ShouldBeGreaterThan(0);
    }

    // the same in every process, unlike string.GetHashCode
    private static int HashCode(string target, int number) => target.Aggregate(number, (hash, character) => unchecked((hash * 31) + character));

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
}
