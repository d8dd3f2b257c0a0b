using System.Text.RegularExpressions;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Architecture.Tests;

/// <summary>Sizes, places and habits that a reader relies on.</summary>
public sealed partial class HouseStyleTests
{
    private const int MostLines = 600;
    private const int MostProgramLines = 20;
    private const int MostColumns = 160;
    private static readonly string[] DrawersForEverything = ["Helpers", "Helper", "Utils", "Util", "Utilities", "Common", "Managers", "Interfaces", "Misc"];

    [Fact]
    public void Files_AreShort()
    {
        SourceFile.All.Count.ShouldBeGreaterThan(300);

        SourceFile.All.Where(file => file.Lines.Count > MostLines).ShouldBeEmpty();
    }

    [Fact]
    public void Lines_EndBeforeTheLastColumn()
    {
        var protos = Directory.GetFiles(Path.Combine(Checkout.Root, "protos"), "*.proto", SearchOption.AllDirectories)
            .Select(path => new SourceFile(Path.GetRelativePath(Checkout.Root, path), File.ReadAllLines(path))).ToList();
        protos.ShouldNotBeEmpty();

        SourceFile.All.Concat(protos)
            .Where(file => !file.Path.Split('/').Any(folder => folder is "obj" or "bin"))
            .SelectMany(file => file.Lines.Select((line, index) => (Place: $"{file}:{index + 1}", line.Length)))
            .Where(line => line.Length > MostColumns).Select(line => line.Place).ShouldBeEmpty();
    }

    // words of users, which may be spelled either way, stand in quotes
    [Fact]
    public void Spelling_IsAmerican() =>
        SourceFile.All.Where(file => file.Layer is "libs" or "services" or "cli" or "clients" or "tools")
            .SelectMany(file => file.Lines.Select((line, index) =>
                (Place: $"{file}:{index + 1}", Found: BritishSpelling().IsMatch(Quoted().Replace(line, "")))))
            .Where(line => line.Found).Select(line => line.Place).ShouldBeEmpty();

    [Fact]
    public void Folders_AreNamedAfterFeatures() =>
        SourceFile.All.Where(file => file.Path.Split('/').SkipLast(1).Any(folder => DrawersForEverything.Contains(folder, StringComparer.OrdinalIgnoreCase)))
            .ShouldBeEmpty();

    [Fact]
    public void Programs_AreAFewLines() =>
        SourceFile.All.Where(file => file.Layer == "services" && file.Path.EndsWith("/Program.cs", StringComparison.Ordinal)
            && file.Lines.Count > MostProgramLines).ShouldBeEmpty();

    // what a library is for may live in its root namespace, whatever the folder
    [Fact]
    public void Namespaces_FollowTheFolders() =>
        SourceFile.All.Where(file => file.Layer is "libs" or "services" or "cli" && Declared(file) is { } name && name != Expected(file) && name != Root(file))
            .Select(file => $"{file.Path}: {Declared(file)}").ShouldBeEmpty();

    [Fact]
    public void GrpcServices_LeaveFailuresToTheInterceptor() =>
        SourceFile.All.Where(file => file.Layer == "services" && file.Path.EndsWith("GrpcService.cs", StringComparison.Ordinal)
            && file.Lines.Any(line => line.TrimStart().StartsWith("catch", StringComparison.Ordinal) && !line.Contains("(OperationCanceledException)",
                StringComparison.Ordinal)))
            .ShouldBeEmpty();

    [Fact]
    public void Services_HaveOneAppOneProgramAndTheirOptions()
    {
        foreach (var service in ProjectFile.All.Where(project => project.Layer == "services"))
        {
            var name = service.Folder.Split('/')[^1];
            foreach (var file in new[] { "Program.cs", $"{name}App.cs", $"{name}Options.cs" })
                SourceFile.All.ShouldContain(source => source.Path == $"{service.Folder}/{file}");
        }
    }

    [Fact]
    public void Comments_PromiseNothing() =>
        SourceFile.All.Where(file => file.Lines.Any(line => line.Contains("// TODO", StringComparison.Ordinal)
            || line.Contains("// FIXME", StringComparison.Ordinal) || line.Contains("// HACK", StringComparison.Ordinal))
            && file.Path != "tests/Realign.Architecture.Tests/HouseStyleTests.cs").ShouldBeEmpty();

    private static string? Declared(SourceFile file) =>
        file.Lines.FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal))?["namespace ".Length..].TrimEnd(';');

    private static string Root(SourceFile file) => file.Layer == "libs" ? file.Path.Split('/')[1] : "";

    private static string Expected(SourceFile file)
    {
        var parts = file.Path.Split('/')[..^1];
        return string.Join('.', file.Layer switch
        {
            "libs" => parts[1..],
            "services" => ["Realign", .. parts[1..]],
            _ => ["Realign", "Cli", .. parts[1..]],
        });
    }

    [GeneratedRegex("colour|behaviour|centre|neighbour|licence|(?:normal|initial|optim|serial|quant|token|binar)is(?:e|ing|ation)", RegexOptions.IgnoreCase)]
    private static partial Regex BritishSpelling();

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Quoted();
}
