using System.Diagnostics;
using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Safetensors.Tests;

/// <summary>Files whose header lies, and what a good one gives.</summary>
public sealed class SafetensorsFileTests : IDisposable
{
    private const string Pair = """
        {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"__metadata__":{"format":"pt"}}
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Open_GoodFile_GivesTensorsAndMetadata()
    {
        using var file = SafetensorsFile.Open(_folder.Write("x.safetensors", Pair,
            [.. BitConverter.GetBytes(1.5f), .. BitConverter.GetBytes(-2f), .. BitConverter.GetBytes(7L)]));

        file.ReadSingles("a").ShouldBe([1.5f, -2f]);
        file.ReadInt64s("b").ShouldBe([7L]);
        file.Entries["b"].Shape.ShouldBeEmpty();
        file.Metadata["format"].ShouldBe("pt");
        var piece = new byte[4];
        file.Read("a", 4, piece);
        piece.ShouldBe(BitConverter.GetBytes(-2f));
        Should.Throw<ArgumentOutOfRangeException>(() => file.Read("a", 4, new byte[5]));
        Should.Throw<KeyNotFoundException>(() => file.ReadSingles("c"));
    }

    [Theory]
    [InlineData(640)]
    [InlineData(896)]
    [InlineData(1152)]
    [InlineData(1408)]
    public void Open_FileWhoseHeaderLengthLooksLikeAPickle_IsRead(int headerLength)
    {
        var data = new byte[16];
        using var file = SafetensorsFile.Open(_folder.Write("x.safetensors", Pair.PadRight(headerLength), data));

        file.ReadSingles("a").ShouldBe([0, 0]);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}""", "key 'a' has 16 bytes for shape [2] of F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]}}""", "key 'a' points outside the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[-16,0]}}""", "key 'a' points outside the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}""", "key 'a' points outside the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,9223372036854775807]}}""", "key 'a' points outside the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,16]}}""", "key 'a' has a shape that does not fit the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,16]}}""", "key 'a' has a shape that does not fit the file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,16]}}""", "key 'a' has a shape that does not fit the file")]
    [InlineData("""{"a":{"dtype":"F31","shape":[4],"data_offsets":[0,16]}}""", "key 'a' has the unknown dtype 'F31'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4]}}""", "key 'a' lacks dtype, shape or data_offsets")]
    [InlineData("""{"a":7}""", "key 'a' lacks dtype, shape or data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[3],"data_offsets":[4,16]}}""",
        "key 'b' overlaps the key before it")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}""",
        "4 bytes before key 'b' belong to no key")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "its keys end at")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "key 'a' occurs twice")]
    [InlineData("""{"__metadata__":{"format":3},"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "__metadata__.format is not a string")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{\"a\":", "not JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "not text")]
    public void Open_LyingHeader_IsRefusedWithTheKey(string header, string problem) =>
        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("x.safetensors", header, new byte[16]))).Message.ShouldContain(problem);

    [Fact]
    public void Open_SeveralProblems_ListsAll()
    {
        const string Header = """{"a":{"dtype":"F32","shape":[4],"data_offsets":[16,32]},"b":{"dtype":"X","shape":[1],"data_offsets":[0,16]}}""";

        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("x.safetensors", Header,
            new byte[16]))).Problems.Count.ShouldBeGreaterThanOrEqualTo(2);
    }

    [Theory]
    [InlineData(0x8000_0000_0000_0000)]
    [InlineData(0x7FFF_FFFF_FFFF_FFFF)]
    [InlineData(0xFFFF_FFFF_FFFF_FFFF)]
    [InlineData(99_999_999)]
    [InlineData(1)]
    [InlineData(0)]
    public void Open_LyingHeaderLength_IsRefusedWithoutAllocatingIt(ulong length)
    {
        var path = _folder.Write("x.safetensors", [.. BitConverter.GetBytes(length), .. "{}"u8]);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(path)).Message.ShouldContain($"the header claims {length} bytes in a file of 10 bytes");

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }

    [Fact]
    public void Open_CutAnywhere_IsRefused()
    {
        var whole = File.ReadAllBytes(_folder.Write("x.safetensors", Pair, new byte[16]));
        for (var length = 0; length < whole.Length; length++)
            Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("cut.safetensors", whole[..length])), $"cut to {length}");
    }

    [Fact]
    public void Open_UnfinishedDownload_SaysHowMuchIsThere()
    {
        var whole = File.ReadAllBytes(_folder.Write("x.safetensors", Pair, new byte[16]));

        var refusal = Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("cut.safetensors", whole[..^3])));

        refusal.Problems.ShouldBe([$"the file is cut off: its header describes {whole.Length} bytes, {whole.Length - 3} are there"]);
        refusal.WayOut.ShouldContain("repeat the download");
    }

    [Fact]
    public void Open_FloatsOfEightBits_AreCountedAndRefused()
    {
        const string Header = """
            {"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[8,12]},
            "c":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}
            """;

        var refusal = Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("x.safetensors", Header, new byte[16])));

        refusal.Problems.ShouldBe(["2 keys are stored as F8_E4M3, floats of 8 bits or less, which are not loaded"]);
        refusal.WayOut.ShouldContain("float16");
    }

    [Fact]
    public void Open_LinkIntoBlobs_IsTheFile()
    {
        var blob = _folder.Write("blob", Pair, new byte[16]);
        var link = Path.Combine(_folder.Path, "model.safetensors");
        File.CreateSymbolicLink(link, Path.GetFileName(blob));

        using var file = SafetensorsFile.Open(link);

        file.ReadSingles("a").ShouldBe([0f, 0f]);
    }

    [Fact]
    public void Read_AfterTheFileWasCutOff_IsRefusedAndEndsNothing()
    {
        var path = _folder.Write("x.safetensors", Pair, new byte[16]);
        using var file = SafetensorsFile.Open(path);

        using (var other = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            other.SetLength(10);

        Should.Throw<ModelLoadException>(() => file.ReadSingles("a")).Problems.ShouldHaveSingleItem().ShouldContain("changed or replaced while it was read");
        Should.Throw<ModelLoadException>(file.RequireUnchanged);
    }

    [Fact]
    public void Open_TrailingBytes_AreRefused() =>
        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(_folder.Write("x.safetensors", Pair, new byte[17])));

    [Fact]
    public void Open_ShapeOfAMillionDimensions_IsRefusedAtOnce()
    {
        var header = $$$"""{"a":{"dtype":"F32","shape":[{{{string.Concat(Enumerable.Repeat("1,", 1_000_000))}}}[]],"data_offsets":[0,16]}}""";
        var path = _folder.Write("x.safetensors", header, new byte[16]);
        var watch = Stopwatch.StartNew();

        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(path)).Message.ShouldContain("does not fit the file");

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Open_MissingFile_IsALoadProblem() =>
        Should.Throw<ModelLoadException>(() => SafetensorsFile.Open(Path.Combine(_folder.Path, "none.safetensors"))).WayOut.ShouldContain("check the path");

    [Fact]
    public void Read_WrongKindOfNumber_IsRefused()
    {
        using var file = SafetensorsFile.Open(_folder.Write("x.safetensors", Pair, new byte[16]));

        Should.Throw<ModelLoadException>(() => file.ReadInt64s("a")).Message.ShouldContain("key 'a' is F32, not an integer type");
        Should.Throw<ModelLoadException>(() => file.ReadSingles("b")).Message.ShouldContain("key 'b' is I64, not a float type");
    }

    [Fact]
    public void Read_HalfTypes_AreWidenedExactly()
    {
        const string Header = """{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}}""";
        using var file = SafetensorsFile.Open(_folder.Write("x.safetensors", Header, 0x00, 0x3C, 0x01, 0x00, 0x80, 0x3F, 0x80, 0xFF));

        file.ReadSingles("h").ShouldBe([1f, MathF.Pow(2, -24)]);
        file.ReadSingles("b").ShouldBe([1f, float.NegativeInfinity]);
    }

    [Fact]
    public void Writer_File_ComesBackBitForBit()
    {
        var random = new Random(3);
        var path = Path.Combine(_folder.Path, "w.safetensors");
        var tensors = Enum.GetValues<SafetensorsDType>()
            .Select((dtype, i) => (Name: $"layer.{i}.\"weight\" \u00fc", DType: dtype, Shape: (IReadOnlyList<long>)[i, 3],
                Data: (ReadOnlyMemory<byte>)Bytes(random, i * 3 * dtype.SizeBytes())))
            .ToList();

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["base"] = "none" });

        using var file = SafetensorsFile.Open(path);
        file.Metadata.ShouldContainKeyAndValue("base", "none");
        file.Entries.Count.ShouldBe(tensors.Count);
        foreach (var (name, dtype, shape, data) in tensors)
        {
            (file.Entries[name].DType, file.Entries[name].Count).ShouldBe((dtype, shape[0] * 3));
            file.Bytes(name).ToArray().ShouldBe(data.ToArray());
        }

        File.Exists(path + ".partial").ShouldBeFalse();
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Bytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
