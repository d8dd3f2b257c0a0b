using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Realign.Deploy.Tests.Charts;
using Realign.Deploy.Tests.Manifests;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Monitoring;

/// <summary>Every query that is shipped, asked of a real Prometheus that scrapes real services: one that finds nothing would be an empty panel or a silent alert.</summary>
public sealed partial class QueryTests(MonitoredMesh mesh, Rendering rendering) : IClassFixture<MonitoredMesh>
{
    [Fact]
    public async Task Dashboard_EveryQueryFindsSeries()
    {
        var dashboard = JsonNode.Parse(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "grafana", "realign.json")))!;
        var queries = dashboard["panels"]!.AsArray().SelectMany(panel => panel!["targets"]?.AsArray() ?? []).Select(target => target!["expr"]!.ToString()).ToList();
        queries.Count.ShouldBeGreaterThan(25);

        await EachFindsSeriesAsync(queries.Select(query =>
            query.Replace("$__rate_interval", "1m", StringComparison.Ordinal).Replace("$job", ".*", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Alerts_EveryExpressionFindsSeries()
    {
        var rules = YamlText.Read(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "prometheus", "alerts.yml"))).Single();
        var expressions = rules["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).Select(rule => rule!["expr"]!.ToString()).ToList();
        expressions.Count.ShouldBeGreaterThan(5);

        // without the comparison: a mesh that is well has nothing that it is true of
        await EachFindsSeriesAsync(expressions.Select(expression => Comparison().Replace(expression, "")));
    }

    [Fact]
    public async Task Scalers_WhatTheyFollowIsThere()
    {
        Helm.Require(PrometheusServer.Programs);
        var set = await rendering.OfAsync("scaled");
        var queries = set.Of("ScaledObject").SelectMany(scaler => scaler.ListAt("spec", "triggers")).Select(trigger => trigger["metadata"]!["query"]!.ToString())
            .Concat(set.Of("HorizontalPodAutoscaler").SelectMany(scaler => scaler.ListAt("spec", "metrics"))
                .Select(metric => metric["pods"]!["metric"]!["name"]!.ToString())).Distinct().ToList();
        queries.Count.ShouldBe(5);

        await EachFindsSeriesAsync(queries);
    }

    private async Task EachFindsSeriesAsync(IEnumerable<string> queries)
    {
        Helm.Require(PrometheusServer.Programs);
        var empty = new List<string>();
        foreach (var query in queries)
        {
            // NaN alone is the quantile of a rate of nothing
            if (!(await mesh.Prometheus!.QueryAsync(query)).Any(series => series.Value != "NaN"))
                empty.Add(query);
        }

        empty.ShouldBeEmpty();
    }

    [GeneratedRegex(@"\s*(==|>|<)\s*[0-9.]+\s*$")]
    private static partial Regex Comparison();
}
