using Shouldly;
using TorchSharp;
using Xunit;

namespace Realign.Torch.Tests;

/// <summary>What the native part of TorchSharp asks of the operating system: see docs/decisions/0001-torchsharp-on-debian-12.md.</summary>
public sealed class TorchShimTests
{
    private const string NotedVersion = "GLIBCXX_3.4.32";

    private static readonly ElfFile Shim = LoadedShim();

    [Fact]
    public void Shim_EveryOtherVersionItNeeds_IsOfferedByTheLoadedLibraries()
    {
        var offered = LoadedLibraries().ToLookup(path => Path.GetFileName(path)).ToDictionary(group => group.Key, group => group.First());
        var missing = new List<string>();
        foreach (var group in Shim.Needs.Where(need => need.Version != NotedVersion).GroupBy(need => need.Library))
        {
            // the file that is mapped has a longer name than the one that is asked for, e.g. libstdc++.so.6.0.30
            var path = offered.Where(pair => pair.Key.StartsWith(group.Key, StringComparison.Ordinal)).Select(pair => pair.Value).FirstOrDefault();
            path.ShouldNotBeNull($"{group.Key} is not loaded");
            var definitions = new ElfFile(path).Definitions;
            missing.AddRange(group.Where(need => !definitions.Contains(need.Version)).Select(need => $"{need.Library}: {need.Version}"));
        }

        Shim.Needs.Count.ShouldBeGreaterThan(5);
        missing.ShouldBeEmpty();
    }

    [Fact]
    public void Shim_TheWeakenedVersion_IsTheOnlyWeakOneAndNothingUsesIt()
    {
        foreach (var need in Shim.Needs.Where(need => need.Version == NotedVersion))
        {
            need.Weak.ShouldBeTrue();
            Shim.SymbolsOf(need).ShouldBe(new Dictionary<string, int> { ["_ZSt21ios_base_library_initv"] = 0 });
        }

        Shim.Needs.Where(need => need.Weak).Select(need => need.Version).Distinct().ShouldBeSubsetOf([NotedVersion]);
        Shim.Needs.First(need => need.Version == "GLIBCXX_3.4").Index.ShouldSatisfyAllConditions(
            index => Shim.SymbolsOf(Shim.Needs.First(need => need.Index == index)).Values.Sum().ShouldBeGreaterThan(0));
    }

    private static ElfFile LoadedShim()
    {
        torch.zeros(1).Dispose();
        return new ElfFile(LoadedLibraries().Single(path => Path.GetFileName(path) == "libLibTorchSharp.so"));
    }

    private static IEnumerable<string> LoadedLibraries() => File.ReadLines("/proc/self/maps")
        .Select(line => line.IndexOf('/', StringComparison.Ordinal) is >= 0 and var start ? line[start..] : "")
        .Where(path => path.Contains(".so", StringComparison.Ordinal))
        .Distinct();
}
