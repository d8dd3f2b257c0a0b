using Realign.Core.Errors;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;

namespace Realign.Models.Tests.Verdicts;

/// <summary>
/// The check and the service say the same of every folder, and of what becomes of folders on disks: both take it, or both refuse it, and what
/// the service says is among what the check says.
/// </summary>
public sealed class VerdictTests : IDisposable
{
    private static readonly string[] ModelFiles = [".json", ".safetensors", ".onnx", ".gguf", ".txt"];

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-verdict").FullName;

    public VerdictTests() => TorchRuntime.Initialize(1);

    public static TheoryData<string> MiniatureNames => [.. ModelFamily.Miniature.Select(family => family.Name)];

    public static TheoryData<string> AllNames => [.. ModelFamily.Miniature.Concat(ModelFamily.Pack).Select(family => family.Name)];

    [Theory]
    [MemberData(nameof(AllNames))]
    public void FolderAsPublished_IsTakenByBoth(string name)
    {
        var family = Family(name);

        Verdict(family, PathOf(family, family.Source)).ShouldBe("");
        Service(family, PathOf(family, family.Source)).ShouldBeNull();
    }

    [Theory]
    [MemberData(nameof(AllNames))]
    public void HubCache_SnapshotIsTakenByBoth_ItsRootByNeither(string name)
    {
        var family = Family(name);
        var (entry, snapshot) = HubCache.Store(family.Source, _folder);

        Verdict(family, PathOf(family, snapshot)).ShouldBe("");
        Service(family, PathOf(family, snapshot)).ShouldBeNull();
        if (family.File is not null)
            return;
        foreach (var root in new[] { entry, _folder })
        {
            Verdict(family, root).ShouldBe("");
            Service(family, root).ShouldNotBeNull();
        }

        Service(family, entry)!.WayOut.ShouldBe($"name the folder {snapshot}");
        ModelInspector.Inspect(entry)[0].WaysOut.ShouldBe([$"name the folder {snapshot}"]);
    }

    [Theory]
    [MemberData(nameof(MiniatureNames))]
    public void OneLevelTooHigh_IsRefusedByBothWithTheFolder(string name)
    {
        var family = Family(name);
        if (family.File is not null)
            return;
        using var copy = ModelCopy.Of(family.Source);
        var inner = Path.Combine(_folder, "inner");
        Directory.Move(copy.Path, inner);
        Directory.CreateDirectory(copy.Path);

        Verdict(family, _folder).ShouldBe("");
        Service(family, _folder).ShouldNotBeNull().WayOut.ShouldBe($"name the folder {inner}");
        ModelInspector.Inspect(_folder)[0].WaysOut.ShouldBe([$"name the folder {inner}"]);
    }

    [Theory]
    [MemberData(nameof(MiniatureNames))]
    public void FileInsteadOfTheFolder_GetsTheSameAnswer(string name)
    {
        var family = Family(name);
        var wrong = Files(family.Source).Select(file => Verdict(family, file)).Where(text => text.Length > 0);

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(MiniatureNames))]
    public void DamagedFile_GetsTheSameAnswer(string name)
    {
        var family = Family(name);
        List<string> wrong = [];
        foreach (var file in Files(family.Source).Select(file => Path.GetRelativePath(family.Source, file)))
        {
            foreach (var (damage, apply) in FileDamage.All)
            {
                var copy = CopyOneFile(family.Source, file);
                apply(Path.Combine(copy, file));
                if (Verdict(family, PathOf(family, copy)) is { Length: > 0 } text)
                    wrong.Add($"{file} {damage}: {text}");
                Directory.Delete(copy, recursive: true);
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("generator")]
    [InlineData("captioner")]
    [InlineData("clip")]
    public void NumbersThatAreNotFinite_AreRefusedByBothWithTheKey(string name)
    {
        var family = Family(name);
        using var copy = ModelCopy.Of(family.Source);
        FileDamage.MakeNonFinite(Directory.EnumerateFiles(copy.Path, "*.safetensors", SearchOption.AllDirectories).First());

        Verdict(family, copy.Path).ShouldBe("");
        Service(family, copy.Path).ShouldBeOfType<ModelLoadException>().Problems.ShouldContain(problem => problem.Contains("holds NaN or infinity"));
    }

    [Theory]
    [MemberData(nameof(MiniatureNames))]
    public void OtherFilesBesideTheModel_AreIgnoredByBoth(string name)
    {
        var family = Family(name);
        using var copy = ModelCopy.Of(family.Source);
        File.WriteAllText(Path.Combine(copy.Path, "notes.json"), "{");
        File.WriteAllText(Path.Combine(copy.Path, ".gitattributes"), "* -text");
        Directory.CreateDirectory(Path.Combine(copy.Path, ".cache", "huggingface"));
        File.WriteAllText(Path.Combine(copy.Path, "model.safetensors.metadata"), "etag");
        File.WriteAllText(Path.Combine(copy.Path, "._config.json"), "\0\u0005");

        Verdict(family, PathOf(family, copy.Path)).ShouldBe("");
        Service(family, PathOf(family, copy.Path)).ShouldBeNull();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ModelFamily Family(string name) => ModelFamily.Miniature.Concat(ModelFamily.Pack).Single(family => family.Name == name);

    private static string PathOf(ModelFamily family, string folder) => family.File is null ? folder : Path.Combine(folder, family.File);

    // links to all files but one, which is copied
    private string CopyOneFile(string source, string name)
    {
        var copy = Path.Combine(_folder, "copy");
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath(source, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetRelativePath(source, file) == name)
                File.WriteAllBytes(target, File.ReadAllBytes(file));
            else
                _ = File.CreateSymbolicLink(target, file);
        }

        return copy;
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(file => ModelFiles.Contains(Path.GetExtension(file))).Order(StringComparer.Ordinal);

    private static RealignException? Service(ModelFamily family, string path)
    {
        try
        {
            family.Load(path).Dispose();
            return null;
        }
        catch (RealignException failure)
        {
            return failure;
        }
    }

    // empty = the same; anything but a RealignException ends the test
    private static string Verdict(ModelFamily family, string path)
    {
        var service = Service(family, path);
        ModelReport? report;
        try
        {
            report = ModelInspector.Inspect(path).FirstOrDefault(report => report.Path == path);
        }
        catch (NotFoundException)
        {
            return service is null ? "the service takes it, the check finds nothing" : "";
        }

        if (service is null)
            return report?.Fits == true ? "" : $"the service takes it, the check says {string.Join("; ", Problems(report))}";
        if (report?.Fits == true)
            return $"the check takes it as {report.Kind}, the service says {service.Message}";
        var said = service is ModelLoadException load ? load.Problems[0] : service.Message;
        // what the check takes for no model at all may be missing to the service as one file
        var isOtherKind = report is null or { Kind: ModelKind.Unknown } || (File.Exists(path) && family.File is null);
        return isOtherKind || Problems(report).Any(problem => problem.EndsWith(said, StringComparison.Ordinal))
            ? ""
            : $"the service says '{said}', the check '{string.Join("; ", Problems(report))}'";
    }

    private static IEnumerable<string> Problems(ModelReport? report) =>
        report is null ? [] : report.Problems.Concat(report.Parts.SelectMany(part => part.Problems));
}
