using Realign.Core.Errors;
using Realign.Core.Files.Hub;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests.Files;

/// <summary>Models by their name in a hub's cache as huggingface_hub lays it out.</summary>
public sealed class HubCacheTests : IDisposable
{
    private const string Entry = "models--a--b";
    private const string Diffusion =
        """{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "U"], "vae": ["diffusers", "V"], "safety_checker": [null, null]}""";
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("hub:a/b", "a/b", null, null)]
    [InlineData("hub:gpt2", "gpt2", null, null)]
    [InlineData("hub:a/b@refs/pr/1", "a/b", "refs/pr/1", null)]
    [InlineData("hub:a/b.c_d@main:sub/x y.gguf", "a/b.c_d", "main", "sub/x y.gguf")]
    public void Name_IsRead_AndWrittenAgain(string text, string repository, string? revision, string? file)
    {
        var name = HubName.Parse(text);

        name.ShouldBe(new HubName(repository, revision, file));
        name.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("hub:")]
    [InlineData("hub:/etc/passwd")]
    [InlineData("hub:../x")]
    [InlineData("hub:a/b/c")]
    [InlineData("hub:a/b:../../x")]
    [InlineData("hub:a/b@../../x")]
    [InlineData("hub:a/b:/etc/passwd")]
    [InlineData("hub:a/b@")]
    public void Name_ThatIsNone_IsRefused(string text) => Should.Throw<ModelLoadException>(() => HubName.Parse(text)).WayOut.ShouldContain("hub:OWNER/NAME");

    [Fact]
    public void OfUser_FollowsTheVariablesInTheirOrder()
    {
        Write("x", "model.safetensors");
        var set = new Dictionary<string, string> { ["HOME"] = "/nobody", ["XDG_CACHE_HOME"] = "/nobody/xdg" };
        Place().ShouldContain("/nobody/xdg/huggingface/hub");
        set["HF_HOME"] = "~/hf";
        Place().ShouldContain("/nobody/hf/hub");
        set["HUGGINGFACE_HUB_CACHE"] = "/nobody/old";
        Place().ShouldContain("/nobody/old");
        set["HF_HUB_CACHE"] = _folder.Path;

        HubCache.OfUser(set.GetValueOrDefault).Find(HubName.Parse("hub:a/b")).ShouldBe(_folder.At($"{Entry}/snapshots/x"));

        string Place() => Should.Throw<ModelLoadException>(() => HubCache.OfUser(set.GetValueOrDefault).Find(HubName.Parse("hub:a/b"))).Message;
    }

    [Fact]
    public void Newest_IsWhatMainWasAtLast_ElseTheLatest()
    {
        Write("old", "model.safetensors");
        Write("new", "model.safetensors");
        Directory.SetLastWriteTimeUtc(_folder.At($"{Entry}/snapshots/old"), DateTime.UnixEpoch);
        Find("hub:a/b").ShouldBe(At("new"));
        Find("hub:a/b@old").ShouldBe(At("old"));
        _ = _folder.Write($"{Entry}/refs/main", "");
        Find("hub:a/b").ShouldBe(At("new"));

        _ = _folder.Write($"{Entry}/refs/main", "old\n");

        Find("hub:a/b").ShouldBe(At("old"));
    }

    [Fact]
    public void Newest_ThatIsNotComplete_GivesWayToTheOneBefore()
    {
        Write("old", "model.safetensors");
        _ = _folder.Write($"{Entry}/snapshots/new/config.json", "{}");
        _ = _folder.Write($"{Entry}/refs/main", "new");

        Find("hub:a/b").ShouldBe(At("old"));
    }

    [Fact]
    public void DownloadThatBrokeOff_IsNamed()
    {
        _ = _folder.Write($"{Entry}/snapshots/c0ffee/model_index.json", Diffusion);
        Write("c0ffee", "vae/diffusion_pytorch_model.safetensors");
        _ = _folder.Write($"{Entry}/blobs/12ab.incomplete", new byte[3 << 20]);

        var refusal = Should.Throw<ModelLoadException>(() => Find("hub:a/b"));

        refusal.Problems.ShouldBe(["snapshot c0ffee: unet has no weights", "1 download(s) did not end (3 MiB of them are there)"]);
        refusal.WayOut.ShouldBe("download it: hf download a/b");
    }

    [Fact]
    public void LinkToNothing_AndMissingShard_AreNamed()
    {
        _ = _folder.Write($"{Entry}/snapshots/x/model.safetensors.index.json",
            """{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors", "c": "model-2.safetensors"}}""");
        Write("x", "model-1.safetensors");
        _ = _folder.Link($"{Entry}/snapshots/x/config.json", "../../blobs/gone");

        Should.Throw<ModelLoadException>(() => Find("hub:a/b")).Problems.ShouldHaveSingleItem()
            .ShouldBe("snapshot x: config.json is a link to nothing, model-2.safetensors of model.safetensors.index.json is missing");
    }

    [Fact]
    public void File_IsFoundInTheNewestSnapshotThatHasIt()
    {
        Write("x", "q4.gguf");
        _ = _folder.Write($"{Entry}/snapshots/y/README.md", "");
        _ = _folder.Write($"{Entry}/refs/main", "y");

        Find("hub:a/b:q4.gguf").ShouldBe(At("x/q4.gguf"));
        Should.Throw<ModelLoadException>(() => Find("hub:a/b:q8.gguf")).WayOut.ShouldBe("download it: hf download a/b q8.gguf");
    }

    [Fact]
    public void ModelThatIsNotThere_NamesThoseThatAre()
    {
        Write("x", "model.safetensors");

        Should.Throw<ModelLoadException>(() => Find("hub:a/other")).Message.ShouldContain("there are: a/b");
        Should.Throw<ModelLoadException>(() => Find("hub:a/b@v2")).Message.ShouldContain("no snapshot of v2");
    }

    public void Dispose() => _folder.Dispose();

    private string At(string name) => _folder.At($"{Entry}/snapshots/{name}");

    private string Find(string name) => new HubCache(_folder.Path).Find(HubName.Parse(name));

    // as there: the file is a link to its content
    private void Write(string snapshot, string file)
    {
        _ = _folder.Write($"{Entry}/blobs/1", "weights");
        _ = _folder.Link($"{Entry}/snapshots/{snapshot}/{file}", string.Concat(Enumerable.Repeat("../", file.Count(c => c == '/') + 2)) + "blobs/1");
    }
}
