using Realign.Deploy.Tests.Charts;
using Realign.Deploy.Tests.Programs;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Monitoring;

/// <summary>What promtool says of the alert rules: they are rules, fire when they should, and are silent when they should.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("check", "rules", "deploy/prometheus/alerts.yml")]
    [InlineData("test", "rules", "deploy/prometheus/alerts.test.yml")]
    [InlineData("check", "config", "deploy/prometheus/prometheus.yml")]
    public async Task Promtool_IsContent(params string[] arguments)
    {
        Helm.Require(PrometheusServer.Programs);

        var run = await ProgramRun.OfAsync(Path.Combine(PrometheusServer.Programs, "promtool"), arguments);

        run.Code.ShouldBe(0, run.Output + run.Error);
        run.Output.ShouldContain("SUCCESS");
    }
}
