using Realign.Architecture.Tests.Reachability;
using Shouldly;
using Xunit;

namespace Realign.Architecture.Tests;

/// <summary>No surface that no service and no command reaches: a type that only tests name is none of the product.</summary>
public sealed class ReachabilityTests
{
    // a part of the product that a command of its own will reach
    private static readonly string[] Upcoming = ["Realign.Training"];

    // in use by the golden data and by tests only; each either gets a caller or goes. The rewards' tensor forms are what the trainer differentiates
    private static readonly string[] Known =
    [
        "Realign.Diffusion.Pipelines.GenerationResult",
        "Realign.Grounding.Masks.MaskGrid",
        "Realign.Metrics.CompBench.CompBenchScore",
        "Realign.Metrics.CompBench.DetectedObject",
        "Realign.Metrics.CompBench.SpatialRelation",
        "Realign.Metrics.Frechet.FeatureStatistics",
        "Realign.Metrics.Frechet.KernelDistance",
        "Realign.Models.ComponentCheck",
        "Realign.Rewards.TagReward",
        "Realign.Rewards.Tensors.RewardHinge",
        "Realign.Rewards.Tensors.ScoreFunction",
        "Realign.Rewards.Tensors.SoftCaption",
        "Realign.Tokenizers.Llama3Tokenizer",
        "Realign.World.SceneOptions",
    ];

    [Fact]
    public void PublicTypes_OfLibraries_AreReachedByAServiceOrACommand()
    {
        var libraries = ProjectFile.All.Where(project => project.Layer == "libs").Select(project => project.Folder["libs/".Length..]).Except(Upcoming).ToList();
        var graph = new CallGraph();
        foreach (var (assembly, isEntry) in Assemblies())
            graph.Add(assembly, isEntry);

        var reached = graph.Reachable();
        var types = graph.PublicTypes.Where(type => libraries.Contains(type.Assembly)).ToList();

        types.Count.ShouldBeGreaterThan(150);
        types.Select(type => type.Type).Where(type => !reached.Contains(type)).ShouldBe(Known, ignoreOrder: true);
    }

    /// <summary>What is copied beside this test because it refers to every service and the command line.</summary>
    private static IEnumerable<(string Path, bool IsEntry)> Assemblies()
    {
        var entries = ProjectFile.All.Where(project => project.Layer is "services" or "cli" or "tools").Select(project => project.AssemblyName).ToList();
        var libraries = ProjectFile.All.Where(project => project.Layer == "libs").Select(project => project.AssemblyName).ToList();
        entries.Count.ShouldBeGreaterThan(6);
        foreach (var name in entries.Concat(libraries))
        {
            var path = Path.Combine(AppContext.BaseDirectory, name + ".dll");
            if (File.Exists(path))
                yield return (path, entries.Contains(name));
            else
                libraries.ShouldContain(name, "a service or command that this project does not refer to");
        }
    }
}
