using Grpc.Core;
using Realign.Cli.Benching;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests.Benching;

/// <summary>What calls come to, as numbers.</summary>
public sealed class LoadFiguresTests
{
    [Theory]
    [InlineData(100, 50, 90, 95, 99)]
    [InlineData(20, 10, 18, 19, 20)]
    [InlineData(3, 2, 3, 3, 3)]
    [InlineData(1, 1, 1, 1, 1)]
    public void Percentiles_AreTimesThatWereMeasured(int count, double p50, double p90, double p95, double p99)
    {
        var summary = LatencySummary.Of(Enumerable.Range(1, count).Select(each => (double)each).Reverse())!;

        (summary.P50, summary.P90, summary.P95, summary.P99, summary.Max).ShouldBe((p50, p90, p95, p99, count));
        summary.Mean.ShouldBe((count + 1) / 2.0);
    }

    [Fact]
    public void Refusals_AreNotAmongTheLatencies()
    {
        var figures = LoadFigures.Of(
            [Sample(0, 100, StatusCode.OK), Sample(0, 300, StatusCode.OK), Sample(0, 2, StatusCode.ResourceExhausted), Sample(0, 900, StatusCode.DeadlineExceeded)],
            TimeSpan.FromSeconds(4));

        (figures.Ok, figures.Ended, figures.Goodput).ShouldBe((2, 4, 0.5));
        figures.Latency!.Max.ShouldBe(300);
        figures.Refusal!.P50.ShouldBe(2);
        figures.Codes.ShouldBe(new Dictionary<StatusCode, int>
        {
            [StatusCode.OK] = 2,
            [StatusCode.DeadlineExceeded] = 1,
            [StatusCode.ResourceExhausted] = 1,
        });
    }

    // a call that was due while nothing could be sent has waited all the same
    [Fact]
    public void Latency_CountsFromWhenTheCallWasDue()
    {
        var figures = LoadFigures.Of([Sample(200, 310, StatusCode.OK) with { Begun = TimeSpan.FromMilliseconds(300) }], TimeSpan.FromSeconds(1));

        figures.Latency!.P50.ShouldBe(110);
        figures.Lag!.P50.ShouldBe(100);
    }

    [Theory]
    [InlineData("a:3,b:1", "aabaaaba")]
    [InlineData("a:1", "aaaaaaaa")]
    [InlineData("a:1,b:1,c:2", "cabccabc")]
    public void Tenants_AreMixedEvenly(string text, string expected) =>
        string.Concat(TenantShares.Read(text)!.Sequence().Take(8)).ShouldBe(expected);

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a:0")]
    [InlineData("a:1,a:2")]
    [InlineData("a:1.5")]
    [InlineData("a b:1")]
    [InlineData("a:1001")]
    public void Tenants_ThatMakeNoSense_AreNone(string text) => TenantShares.Read(text).ShouldBeNull();

    private static CallSample Sample(double due, double ended, StatusCode code) =>
        new(TimeSpan.FromMilliseconds(due), TimeSpan.FromMilliseconds(due), null, TimeSpan.FromMilliseconds(ended), code, "");
}
