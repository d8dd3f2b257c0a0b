using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Architecture.Tests;

/// <summary>protos -> libs -> services -> tests: dependencies point one way, and each native library has one door.</summary>
public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["protos"] = [],
        ["libs"] = ["protos", "libs"],
        ["services"] = ["protos", "libs"],
        ["cli"] = ["protos", "libs"],
        ["clients"] = ["protos", "libs", "clients"],
        ["benchmarks"] = ["protos", "libs"],
        ["tools"] = ["protos", "libs"],
        ["tests"] = ["protos", "libs", "services", "cli", "clients", "tests", "tools"],
    };

    [Fact]
    public void Projects_ReferOnlyToTheLayersBeforeThem()
    {
        ProjectFile.All.Count.ShouldBeGreaterThan(30);

        ProjectFile.All.SelectMany(project => project.Projects.Where(reference => !Allowed[project.Layer].Contains(reference.Split('/')[0])).Select(reference =>
            $"{project.Path} -> {reference}"))
            .ShouldBeEmpty();
    }

    [Fact]
    public void ProtosBelongToTheEdge_OnlyWireAndTheOtherProtocolReadThemAmongTheLibraries() =>
        ProjectFile.All.Where(project => project.Layer == "libs" && project.Projects.Any(reference => reference.StartsWith("protos/",
            StringComparison.Ordinal)))
            .Select(project => project.Folder).ShouldBe(["libs/Realign.OpenInference", "libs/Realign.Wire"], ignoreOrder: true);

    [Theory]
    [InlineData("libs/Realign.Wire")]
    [InlineData("libs/Realign.Wire.Images")]
    public void Wire_IsReferredToByTheEdgeOnly(string wire) =>
        ProjectFile.All.Where(project => project.Layer == "libs" && project.Folder != "libs/Realign.Wire.Images" && project.Reaches(wire)).Select(project =>
            project.Folder).ShouldBe(
            wire == "libs/Realign.Wire" ? ["libs/Realign.Wire"] : []);

    [Theory]
    [InlineData("services/Gateway", "libs/Realign.Imaging")]
    [InlineData("services/Gateway", "libs/Realign.Torch")]
    [InlineData("services/SceneScorer", "libs/Realign.Imaging")]
    [InlineData("libs/Realign.Hosting", "libs/Realign.Imaging")]
    [InlineData("cli", "libs/Realign.Hosting")]
    public void Project_DoesNotCarryWhatItDoesNotNeed(string folder, string library) =>
        ProjectFile.All.Single(project => project.Folder == folder).Reaches(library).ShouldBeFalse();

    // half a gigabyte of libtorch for a program that calls services; what needs engines is started (tools/ModelCheck)
    [Fact]
    public void CommandLine_HasNoEngine()
    {
        var byPath = ProjectFile.All.ToDictionary(project => project.Path, StringComparer.Ordinal);
        HashSet<string> reached = ["cli/Realign.Cli.csproj"];
        for (var before = 0; before < reached.Count;)
        {
            before = reached.Count;
            reached.UnionWith(reached.SelectMany(path => byPath[path].Projects).ToList());
        }

        reached.Intersect(["libs/Realign.Torch/Realign.Torch.csproj", "libs/Realign.Onnx/Realign.Onnx.csproj", "libs/Realign.Llama/Realign.Llama.csproj"])
            .ShouldBeEmpty();
    }

    // a judge that the mesh could read is none: nothing that runs in a service may know the world or the metrics
    [Theory]
    [InlineData("libs/Realign.World")]
    [InlineData("libs/Realign.Metrics")]
    public void Judge_IsReachedByNoService(string library)
    {
        ProjectFile.All.ShouldContain(project => project.Folder == library);

        ProjectFile.All.Where(project => project.Layer == "services" && project.Reaches(library)).Select(project => project.Path).ShouldBeEmpty();
    }

    // ... nor may the judge know a model of the mesh
    [Fact]
    public void Judge_ReachesNoModel() =>
        ProjectFile.All.Single(project => project.Folder == "libs/Realign.Metrics").Projects.Order(StringComparer.Ordinal).ShouldBe(
            ["libs/Realign.Core/Realign.Core.csproj", "libs/Realign.World/Realign.World.csproj"]);

    [Fact]
    public void World_RefersToCoreOnly()
    {
        var world = ProjectFile.All.Single(project => project.Folder == "libs/Realign.World");

        world.Projects.ShouldBe(["libs/Realign.Core/Realign.Core.csproj"]);
        world.Packages.ShouldBeEmpty();
    }

    [Fact]
    public void CoreRefersToNothing()
    {
        var core = ProjectFile.All.Single(project => project.Folder == "libs/Realign.Core");

        core.Projects.ShouldBeEmpty();
        core.Packages.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("TorchSharp", "libs/Realign.Torch")]
    [InlineData("libtorch-cpu-linux-x64", "libs/Realign.Torch")]
    [InlineData("TorchSharp-cuda-linux", "libs/Realign.Torch")]
    [InlineData("Microsoft.ML.OnnxRuntime", "libs/Realign.Onnx")]
    [InlineData("Microsoft.ML.OnnxRuntime.Gpu", "libs/Realign.Onnx")]
    [InlineData("LLamaSharp", "libs/Realign.Llama")]
    [InlineData("LLamaSharp.Backend.Cpu", "libs/Realign.Llama")]
    [InlineData("LLamaSharp.Backend.Cuda12", "libs/Realign.Llama")]
    [InlineData("NetVips", "libs/Realign.Imaging")]
    [InlineData("NetVips.Native.linux-x64", "libs/Realign.Imaging")]
    [InlineData("Microsoft.ML.Tokenizers", "libs/Realign.Tokenizers")]
    [InlineData("SkiaSharp", "cli")]
    [InlineData("Grpc.AspNetCore", "libs/Realign.Hosting")]
    public void Package_HasOneOwner(string package, string owner) =>
        ProjectFile.All.Where(project => project.Layer is not ("tests" or "benchmarks") && project.Packages.Contains(package)).Select(project =>
            project.Folder).ShouldBe([owner]);

    [Theory]
    [InlineData("Microsoft.ML.OnnxRuntime", "libs/Realign.Onnx/")]
    [InlineData("LLama", "libs/Realign.Llama/")]
    [InlineData("NetVips", "libs/Realign.Imaging/")]
    [InlineData("Microsoft.ML.Tokenizers", "libs/Realign.Tokenizers/")]
    [InlineData("SkiaSharp", "cli/")]
    public void Namespace_IsNamedBehindItsDoorOnly(string name, string folder) =>
        SourceFile.All.Where(file => file.Layer is not ("tests" or "benchmarks") && file.Names(name) && !file.Path.StartsWith(folder,
            StringComparison.Ordinal)).ShouldBeEmpty();

    [Fact]
    public void TorchSharp_IsNamedOnlyByLibrariesOnRealignTorch()
    {
        var libraries = ProjectFile.All.Where(project => project.Layer == "libs" && (project.Folder == "libs/Realign.Torch"
            || project.Projects.Contains("libs/Realign.Torch/Realign.Torch.csproj")))
            .Select(project => project.Folder + "/").ToList();

        SourceFile.All.Where(file => file.Layer is not ("tests" or "benchmarks" or "tools") && file.Names("TorchSharp") && !libraries.Exists(folder =>
            file.Path.StartsWith(folder, StringComparison.Ordinal)))
            .ShouldBeEmpty();
    }

    [Fact]
    public void PackageVersions_AreAllReferenced()
    {
        var referenced = ProjectFile.All.SelectMany(project => project.Packages).ToHashSet(StringComparer.Ordinal);
        foreach (var shared in Directory.EnumerateFiles(Checkout.Root, "Directory.Build.*")
            .Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "native"), "*.targets", SearchOption.AllDirectories)))
            referenced.UnionWith(ProjectFile.Included(shared, "PackageReference"));
        var versions = ProjectFile.Included(Path.Combine(Checkout.Root, "Directory.Packages.props"), "PackageVersion");

        versions.Count.ShouldBeGreaterThan(10);
        versions.Where(package => !referenced.Contains(package)).ShouldBeEmpty();
    }

    [Fact]
    public void Solution_ListsEveryProject()
    {
        var solution = File.ReadAllText(Path.Combine(Checkout.Root, "Realign.slnx"));

        ProjectFile.All.Where(project => !solution.Contains($"\"{project.Path}\"", StringComparison.Ordinal)).Select(project => project.Path).ShouldBeEmpty();
    }
}
