using System.Diagnostics;
using Realign.Cli.Tests.Fakes;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>All calls of one command belong to one trace.</summary>
public sealed class TraceTests
{
    [Fact]
    public async Task Realign_CallsOfACommand_AreOneTrace()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();
        var port = new Uri(services.Address).Port;
        var traces = new List<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "System.Net.Http",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                if (!Equals(span.GetTagItem("server.port"), port))
                    return;
                lock (traces)
                    traces.Add(span.TraceId.ToString());
            },
        };
        ActivitySource.AddActivityListener(listener);
        await File.WriteAllTextAsync(cli.In("prompts.txt"), "a red car\na blue cat", TestContext.Current.CancellationToken);

        _ = await Cli.RunAsync("realign", "--prompts-file", cli.In("prompts.txt"), "--out", cli.In("list"), "--gateway", services.Address);

        lock (traces)
            (traces.Count >= 2, traces.Distinct().Count()).ShouldBe((true, 1));
    }
}
