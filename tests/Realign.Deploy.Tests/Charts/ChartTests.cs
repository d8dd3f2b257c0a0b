using System.Text.Json.Nodes;
using k8s;
using Realign.Deploy.Tests.Manifests;
using Realign.Deploy.Tests.Programs;
using Realign.Deploy.Tests.Rules;
using Realign.Deploy.Tests.Settings;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Charts;

/// <summary>The chart without a cluster: what helm makes of it, and what Kubernetes' own readers and rules of ours say of that.</summary>
public sealed class ChartTests(Rendering rendering)
{
    // kinds of others, of which Kubernetes' client knows nothing; the schemas of kubernetes-models know them
    private static readonly string[] KindsOfOthers = ["ScaledObject", "ServiceMonitor", "PrometheusRule"];

    public static TheoryData<string> ValueSets => [.. Rendering.ValueSets];

    public static TheoryData<string, string> Misspelt => new()
    {
        { "service.generator.replicas=2", "additional properties 'service' not allowed" },
        { "services.generater.replicas=2", "additional properties 'generater' not allowed" },
        { "services.generator.replica=2", "additional properties 'replica' not allowed" },
        { "services.generator.settings.Generator.Dtype=float16", "additional properties 'Dtype' not allowed" },
        { "services.generator.settings.Tagger.Threads=1", "additional properties 'Tagger' not allowed" },
        { "services.generator.image.digest=sha256:12", "does not match pattern" },
        { "services.generator.autoscaling.kind=cpu", "value must be one of" },
        { "networkPolicy.enabled=yes", "want boolean" },
        { "drainSeconds=0", "minimum: got 0" },
        { "models.persistentVolumeClaims.claimName=x", "additional properties 'persistentVolumeClaims' not allowed" },
    };

    [Fact]
    public async Task Lint_Strict_FindsNothing()
    {
        foreach (var values in Rendering.ValueSets.Skip(1))
        {
            var run = await Helm.RunAsync("lint", "--strict", Helm.Chart, "--values", Path.Combine(Helm.Chart, "values", $"{values}.yaml"));

            run.Code.ShouldBe(0, run.Output + run.Error);
        }
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Rules_AreKept(string values)
    {
        var set = await rendering.OfAsync(values);

        set.Deployments.Count.ShouldBe(6);
        ManifestRules.Check(set).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(ValueSets))]
    public async Task Objects_KubernetesReadsThem_Strictly(string values)
    {
        var set = await rendering.OfAsync(values);

        Strict(set).ShouldBeNull();
    }

    [Fact]
    public async Task Objects_OfAllKinds_FollowTheirSchemas()
    {
        var objects = new JsonArray();
        foreach (var values in Rendering.ValueSets)
        {
            foreach (var item in (await rendering.OfAsync(values)).Items)
                objects.Add(item.Body.DeepClone());
        }

        (await ProblemsAsync(objects)).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Misspelt))]
    public async Task Values_ThatDoNotExist_AreRefused(string value, string problem)
    {
        var run = await Helm.RunAsync("template", "realign", Helm.Chart, "--set", value);

        run.Code.ShouldNotBe(0);
        run.Error.ShouldContain(problem);
    }

    [Fact]
    public async Task Values_SlowModelToZero_IsRefused()
    {
        const string Zero = "services.generator.autoscaling.kind=keda,services.generator.autoscaling.minReplicas=0";

        var run = await Helm.RunAsync("template", "realign", Helm.Chart, "--set", Zero);

        run.Code.ShouldNotBe(0);
        run.Error.ShouldContain("only tagger, scene-scorer and segmenter start fast enough");
    }

    [Fact]
    public void Schema_KnowsTheSettingsThatTheServicesHave()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Path.Combine(Helm.Chart, "values.schema.json")))!["$defs"]!;

        foreach (var (section, names) in SettingNames.Sections)
        {
            var known = Properties(schema[char.ToLowerInvariant(section[0]) + section[1..]]!);
            var inner = known.Contains("Shares") ? Properties(schema["shares"]!).Select(name => $"Shares__{name}") : [];

            known.Where(name => name != "Shares").Concat(inner).ShouldBe(names, ignoreOrder: true, section);
        }
    }

    [Fact]
    public async Task Settings_OfValueSets_ReachTheServicesAsTheyAre()
    {
        var run = await Helm.RunAsync(
            "template", "realign", Helm.Chart, "--set", "services.gateway.settings.Hosting.MaxHeldMegabytes=1000000", "--set-json",
            """services.gateway.settings.Gateway={"SilentSeconds":2.5,"UseProxy":true,"Tagger":"dns:///elsewhere:1","Shares":{"Coarse":0.3}}""");

        var environment = ManifestSet.Read(run.Output).One("Deployment", "realign-gateway").Container["env"]!.AsArray()
            .ToDictionary(variable => variable!["name"]!.ToString(), variable => variable!["value"]?.ToString());
        environment["Hosting__MaxHeldMegabytes"].ShouldBe("1000000");
        environment["Gateway__SilentSeconds"].ShouldBe("2.5");
        environment["Gateway__UseProxy"].ShouldBe("true");
        environment["Gateway__Tagger"].ShouldBe("dns:///elsewhere:1");
        environment["Gateway__Shares__Coarse"].ShouldBe("0.3");
    }

    [Fact]
    public async Task AlertsAndDashboard_AreThoseOfTheRepository()
    {
        var set = await rendering.OfAsync("scaled");

        var alerts = YamlText.Read(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "prometheus", "alerts.yml"))).ShouldHaveSingleItem();
        set.One("PrometheusRule", "realign").At("spec")!.ToJsonString().ShouldBe(alerts.ToJsonString());
        set.One("ConfigMap", "realign-dashboard").Text("data", "realign.json")
            .ShouldBe(File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "grafana", "realign.json")));
    }

    [Fact]
    public async Task Release_OfAnotherName_KeepsToItsOwnPods()
    {
        var run = await Helm.RunAsync("template", "blue", Helm.Chart, "--namespace", "serving", "--values", Path.Combine(Helm.Chart, "values", "scaled.yaml"));
        var blue = ManifestSet.Read(run.Output);
        var green = await rendering.OfAsync("scaled");

        ManifestRules.Check(blue).ShouldBeEmpty();
        var both = new ManifestSet([.. blue.Items, .. green.Items]);
        NameRule.Check(both).ShouldBeEmpty();
        // but for each ServiceMonitor, which scrapes nothing of the other release
        SelectorRule.Check(both).ShouldAllBe(problem => problem.EndsWith("0 times", StringComparison.Ordinal));
    }

    /// <summary>What Kubernetes' client says of the objects; null when it takes all of them.</summary>
    internal static string? Strict(ManifestSet set)
    {
        try
        {
            var known = new ManifestSet([.. set.Items.Where(item => !KindsOfOthers.Contains(item.Kind))]);
            return KubernetesYaml.LoadAllFromString(known.ToYaml(), null, strict: true).Count == known.Items.Count ? null : "not all objects were read";
        }
        catch (Exception exception) when (exception is YamlDotNet.Core.YamlException or FormatException or ArgumentException or InvalidOperationException)
        {
            return $"{exception.Message} {exception.InnerException?.Message}";
        }
    }

    /// <summary>What the schemas say of the objects.</summary>
    internal static async Task<IReadOnlyList<string>> ProblemsAsync(JsonArray objects)
    {
        var run = await ProgramRun.OfAsync("node", [Path.Combine(Checkout.Root, "tools", "charts", "validate.mjs")], objects.ToJsonString());
        run.Code.ShouldBe(0, run.Error);
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static List<string> Properties(JsonNode section) => [.. section["properties"]!.AsObject().Select(property => property.Key)];
}
