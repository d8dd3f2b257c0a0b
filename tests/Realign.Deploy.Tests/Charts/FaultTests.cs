using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;
using Realign.Deploy.Tests.Rules;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Charts;

/// <summary>Each mistake that is made in the chart's objects is found, and named as what it is.</summary>
public sealed class FaultTests(Rendering rendering)
{
    public static TheoryData<string> Names => [.. SeededFaults.All.Select(fault => fault.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Fault_IsFound(string name)
    {
        var fault = SeededFaults.All.Single(fault => fault.Name == name);
        var set = await rendering.OfAsync(fault.Values);
        var good = set.Items.Select(item => item.Body.ToJsonString()).ToList();

        fault.Make(set);
        set = ManifestSet.Read(set.ToYaml());

        set.Items.Select(item => item.Body.ToJsonString()).ShouldNotBe(good);
        List<string> found = [.. ManifestRules.Check(set), ChartTests.Strict(set) ?? ""];
        if (!found.Exists(problem => problem.Contains(fault.Problem, StringComparison.Ordinal)))
            found.AddRange(await ChartTests.ProblemsAsync(new JsonArray([.. set.Items.Select(item => item.Body.DeepClone())])));
        found.ShouldContain(problem => problem.Contains(fault.Problem, StringComparison.Ordinal), string.Join('\n', found));
    }
}
