using Realign.Core.Files;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests.Files;

/// <summary>What was named instead of the folder of a model.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private const string Index = "model_index.json";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void NoFolder_SaysSo() => Refusal("nothing").Problem.ShouldStartWith("the folder does not exist");

    [Fact]
    public void RootOfAHubEntry_NamesTheSnapshotOfMain()
    {
        _folder.Write("models--a--b/blobs/1", "{}");
        _folder.Link($"models--a--b/snapshots/c0ffee/{Index}", "../../blobs/1");
        _folder.Link($"models--a--b/snapshots/beef/{Index}", "../../blobs/1");
        _folder.Write("models--a--b/refs/main", "c0ffee");

        var (problem, wayOut) = Refusal("models--a--b");

        problem.ShouldContain("Hugging Face cache");
        wayOut.ShouldBe($"name the folder {_folder.At("models--a--b/snapshots/c0ffee")}");
        Refusal("").Problem.ShouldContain("the whole Hugging Face cache");
    }

    [Theory]
    [InlineData("inner")]
    [InlineData("inner/most")]
    public void OneOrTwoLevelsTooHigh_NamesTheFolder(string inner)
    {
        _folder.Write($"{inner}/{Index}", "{}");

        var (problem, wayOut) = Refusal("");

        problem.ShouldContain($"it is in {inner}");
        wayOut.ShouldBe($"name the folder {_folder.At(inner)}");
    }

    [Fact]
    public void OnePart_NamesTheFolderAbove()
    {
        _folder.Write(Index, "{}");
        _folder.Write("unet/config.json", "{}");

        Refusal("unet").ShouldBe(("model_index.json is missing: this folder is one part of a model", $"name the folder {_folder.Path}"));
    }

    [Fact]
    public void SingleFileCheckpoint_IsNamed_InItsFolderAndAlone()
    {
        var header = "{\"model.diffusion_model.input_blocks.0.0.bias\":{}}";
        _folder.Write("v1-5.safetensors", [.. BitConverter.GetBytes((ulong)header.Length), .. System.Text.Encoding.ASCII.GetBytes(header)]);

        Refusal("").Problem.ShouldContain("v1-5.safetensors is a whole checkpoint in one file");
        Refusal("v1-5.safetensors").Problem.ShouldContain("v1-5.safetensors is a whole checkpoint in one file");
        Refusal("v1-5.safetensors").WayOut.ShouldContain("name the file itself");
    }

    [Theory]
    [InlineData("sd.ckpt")]
    [InlineData("pytorch_model.BIN")]
    [InlineData("model.pt")]
    public void Pickle_IsNamed_InItsFolderAndAlone(string name)
    {
        _folder.Write(name, [0x80, 0x02]);

        Refusal("").Problem.ShouldContain($"{name} is a pickle");
        Refusal(name).Problem.ShouldContain($"{name} is a pickle");
    }

    [Fact]
    public void OtherFile_AsksForTheFolder()
    {
        _folder.Write("notes.txt", "a");

        Refusal("notes.txt").Problem.ShouldBe("this is a file, a folder with model_index.json is needed");
    }

    [Fact]
    public void UnfinishedDownload_IsNamed()
    {
        _folder.Write($"{Index}.incomplete", "{");

        Refusal("").ShouldBe(($"model_index.json is missing, and {Index}.incomplete is a download that did not end", "resume or repeat the download"));
    }

    [Fact]
    public void LinkToNoFolder_SaysWhereItLeads()
    {
        _folder.Link("model", "/nowhere/at/all");

        Refusal("model").Problem.ShouldContain("/nowhere/at/all");
    }

    [Fact]
    public void Otherwise_ListsWhatIsThere()
    {
        _folder.Write("README.md", "a");

        Refusal("").WayOut.ShouldContain("README.md");
    }

    public void Dispose() => _folder.Dispose();

    private (string Problem, string WayOut) Refusal(string folder)
    {
        var failure = ModelFolder.Lacks(Path.TrimEndingDirectorySeparator(_folder.At(folder)), Index);
        return (failure.Problems.ShouldHaveSingleItem(), failure.WayOut);
    }
}
