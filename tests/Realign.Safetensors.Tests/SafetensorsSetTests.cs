using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Safetensors.Tests;

/// <summary>Model folders: single files, variants, shards, and the files that are refused.</summary>
public sealed class SafetensorsSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void OpenFolder_Shards_AreOneSet()
    {
        Shard("model-00001-of-00002.safetensors", "a");
        Shard("model-00002-of-00002.safetensors", "b");
        Index("""{"metadata":{},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}""");

        using var set = SafetensorsSet.OpenFolder(_folder.Path, "model");

        set.Entries.Keys.ShouldBe(["a", "b"], ignoreOrder: true);
        Path.GetFileName(set.FileOf("b").Path).ShouldBe("model-00002-of-00002.safetensors");
    }

    [Fact]
    public void OpenFolder_Variant_TakesThatFile()
    {
        Shard("model.safetensors", "plain");
        Shard("model.fp16.safetensors", "half");

        using var set = SafetensorsSet.OpenFolder(_folder.Path, "model", "fp16");

        set.Entries.Keys.ShouldBe(["half"]);
    }

    [Theory]
    [InlineData("model.fp16.safetensors")]
    [InlineData("model.safetensors.index.fp16.json")]
    [InlineData("model.fp16.safetensors.index.json")]
    public void OpenFolder_OnlyOneVariant_IsTaken(string name)
    {
        if (name.EndsWith(".json", StringComparison.Ordinal))
        {
            Shard("model.fp16-00001-of-00001.safetensors", "half");
            File.WriteAllText(Path.Combine(_folder.Path, name), """{"weight_map":{"half":"model.fp16-00001-of-00001.safetensors"}}""");
        }
        else
        {
            Shard(name, "half");
        }

        using var set = SafetensorsSet.OpenFolder(_folder.Path, "model");

        set.Entries.Keys.ShouldBe(["half"]);
    }

    [Fact]
    public void OpenFolder_SeveralVariantsAndNoneNamed_SaysWhichThereAre()
    {
        Shard("model.fp16.safetensors", "half");
        Shard("model.non_ema.safetensors", "other");
        Shard("unrelated.safetensors", "none");

        SafetensorsSet.Variants(_folder.Path, "model").ShouldBe(["fp16", "non_ema"]);
        var refusal = Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model"));

        refusal.Message.ShouldContain("model.safetensors is missing");
        refusal.WayOut.ShouldContain("fp16, non_ema");
    }

    [Fact]
    public void OpenFolder_MissingShards_NamesEach()
    {
        Shard("1.safetensors", "a");
        Index("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"3.safetensors"}}""");

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).Problems
            .ShouldBe(["shard 2.safetensors is missing", "shard 3.safetensors is missing"]);
    }

    [Fact]
    public void OpenFolder_BrokenShard_IsRefused()
    {
        Shard("1.safetensors", "a");
        _folder.Write("2.safetensors", [1, 2, 3]);
        Index("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).Path.ShouldEndWith("2.safetensors");
    }

    [Fact]
    public void OpenFolder_KeyInAnotherShardThanTheIndexSays_IsRefused()
    {
        Shard("1.safetensors", "a");
        Shard("2.safetensors", "b");
        Index("""{"weight_map":{"a":"2.safetensors","b":"2.safetensors","c":"1.safetensors"}}""");

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).Problems
            .ShouldBe(["key 'a' is not in 2.safetensors", "key 'c' is not in 1.safetensors"], ignoreOrder: true);
    }

    [Fact]
    public void OpenFolder_KeyInTwoShards_IsRefused()
    {
        Shard("1.safetensors", "a");
        Shard("2.safetensors", "a");
        Index("""{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""");

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).Message.ShouldContain("key 'a' is in two shards");
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../1.safetensors"}}""")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""")]
    [InlineData("""{"weight_map":{"a":null}}""")]
    [InlineData("""{"weight_map":[]}""")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{")]
    public void OpenFolder_BadIndex_IsRefused(string index)
    {
        Index(index);

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).Message.ShouldContain("not an index file");
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.ckpt")]
    [InlineData("model.pt")]
    [InlineData("model.pth")]
    public void OpenFolder_OnlyAPickle_IsRefusedByName(string name)
    {
        _folder.Write(name, [0x80, 2, (byte)'.']);

        var refusal = Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model"));

        refusal.Message.ShouldContain($"{name} is a pickle: it runs code when loaded and is refused");
        refusal.WayOut.ShouldContain(".safetensors");
    }

    [Fact]
    public void OpenFolder_NothingThere_SaysWhatIs()
    {
        _folder.Write("readme.txt", []);

        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(_folder.Path, "model")).WayOut.ShouldContain("readme.txt");
        Should.Throw<ModelLoadException>(() => SafetensorsSet.OpenFolder(Path.Combine(_folder.Path, "none"), "model")).Message.ShouldContain("does not exist");
    }

    public void Dispose() => _folder.Dispose();

    private void Shard(string name, string key) => _folder.Write(name, $$$"""{"{{{key}}}":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 5);

    private void Index(string json) => File.WriteAllText(Path.Combine(_folder.Path, "model.safetensors.index.json"), json);
}
