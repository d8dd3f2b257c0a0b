using System.Text;
using Realign.Core.Errors;
using Realign.Llama.Gguf;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>A model in two files answers as the model in one; parts that do not belong together are refused before native code sees them.</summary>
public sealed class GgufPartsTests : IDisposable
{
    private const string First = "model-00001-of-00002.gguf";
    private const string Second = "model-00002-of-00002.gguf";

    private static readonly string Whole = Checkout.Miniature("scene-scorer", "model-f16.gguf");

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-gguf-parts").FullName;
    private readonly byte[] _bytes = File.ReadAllBytes(Whole);
    private readonly GgufFile _file = GgufFile.Open(Whole);

    [Fact]
    public void Load_TwoParts_GivesTheLogitsOfTheWhole()
    {
        var half = _file.Tensors.Count / 2;
        Write(First, 0, 0, half);
        Write(Second, 1, half, _file.Tensors.Count);

        Logits(Path.Combine(_folder, First)).ShouldBe(Logits(Whole));
        GgufParts.Of(GgufFile.OpenModel(Path.Combine(_folder, First))).Select(Path.GetFileName).ShouldBe([First, Second]);
        GgufParts.IsLater(Second).ShouldBeTrue();
        GgufParts.IsLater(First).ShouldBeFalse();
        Should.Throw<ModelLoadException>(() => LlamaModel.Load(Path.Combine(_folder, Second))).Message.ShouldContain("part 2 of a model of 2 files");
    }

    [Fact]
    public void Load_PartMissing_IsNamed()
    {
        Write(First, 0, 0, 5);

        Problems().ShouldBe([$"part {Second} is missing"]);
    }

    [Fact]
    public void Load_PartCutOff_IsRefused()
    {
        Write(First, 0, 0, 5);
        Write(Second, 1, 5, _file.Tensors.Count);
        using (var file = File.OpenWrite(Path.Combine(_folder, Second)))
            file.SetLength(file.Length - 100);

        Problems().ShouldHaveSingleItem().ShouldContain("the file ends at");
    }

    [Fact]
    public void Load_PartsOfDifferentModels_AreNamed()
    {
        Write(First, 0, 0, 5);
        Write(Second, 1, 4, _file.Tensors.Count);

        Problems().ShouldContain($"tensor '{_file.Tensors[4].Name}' is in two parts");
        Write(Second, 1, 6, _file.Tensors.Count);
        Problems().ShouldHaveSingleItem().ShouldContain("split.tensors.count");
        Write(Second, 0, 5, _file.Tensors.Count);
        Problems().ShouldHaveSingleItem().ShouldContain("part 1 of 2");
    }

    [Fact]
    public void Load_PartUnderAnotherName_IsRefused()
    {
        Write("renamed.gguf", 0, 0, 5);

        Should.Throw<ModelLoadException>(() => LlamaModel.Load(Path.Combine(_folder, "renamed.gguf"))).WayOut.ShouldContain("-00001-of-");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IReadOnlyList<string> Problems() => Should.Throw<ModelLoadException>(() => LlamaModel.Load(Path.Combine(_folder, First))).Problems;

    private static float[] Logits(string path)
    {
        using var model = LlamaModel.Load(path);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 64, Threads = 1, FullPrecision = true });
        var logits = new float[model.Vocabulary.Size];
        context.Append(model.Vocabulary.Tokenize("a red car", addSpecial: true, parseSpecial: false), logits, TestContext.Current.CancellationToken);
        return logits;
    }

    // as llama-gguf-split writes them: the first part has all metadata, each its own tensors
    private void Write(string name, ushort part, int from, int to)
    {
        var metadata = part == 0 && from == 0 ? _bytes[24..TensorList()] : [];
        var pairs = part == 0 && from == 0 ? BitConverter.ToInt64(_bytes, 16) : 0;
        using var stream = File.Create(Path.Combine(_folder, name));
        using var writer = new BinaryWriter(stream);
        writer.Write(_bytes.AsSpan(0, 8));
        writer.Write((long)(to - from));
        writer.Write(pairs + 3);
        writer.Write(metadata);
        Pair("split.no", GgufValueType.UInt16, () => writer.Write(part));
        Pair("split.count", GgufValueType.UInt16, () => writer.Write((ushort)2));
        Pair("split.tensors.count", GgufValueType.Int32, () => writer.Write(_file.Tensors.Count));
        var offset = 0L;
        var tensors = _file.Tensors.Skip(from).Take(to - from).ToList();
        foreach (var tensor in tensors)
        {
            Text(tensor.Name);
            writer.Write(tensor.Shape.Count);
            foreach (var side in tensor.Shape)
                writer.Write(side);
            writer.Write(tensor.Type.Id);
            writer.Write(offset);
            offset = Aligned(offset + tensor.Length);
        }

        foreach (var tensor in tensors)
        {
            Pad();
            writer.Write(_bytes.AsSpan((int)tensor.Offset, (int)tensor.Length));
        }

        Pad();

        void Pair(string key, GgufValueType type, Action value)
        {
            Text(key);
            writer.Write((int)type);
            value();
        }

        void Text(string text)
        {
            writer.Write((long)text.Length);
            writer.Write(Encoding.UTF8.GetBytes(text));
        }

        void Pad()
        {
            writer.Flush();
            writer.Write(new byte[Aligned(stream.Position) - stream.Position]);
        }
    }

    private static long Aligned(long position) => (position + 31) / 32 * 32;

    // the list begins with the name of the first tensor, its length before it
    private int TensorList()
    {
        var name = _file.Tensors[0].Name;
        return _bytes.AsSpan().IndexOf([.. BitConverter.GetBytes((long)name.Length), .. Encoding.UTF8.GetBytes(name)]);
    }
}
