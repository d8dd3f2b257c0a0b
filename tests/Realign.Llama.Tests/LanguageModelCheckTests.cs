using System.Text;
using Realign.Core.Errors;
using Realign.Llama.Gguf;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>Files that are whole, but would end the process inside llama.cpp. Each case did so before its check existed.</summary>
public sealed class LanguageModelCheckTests
{
    private const int KeyAndType = 4;

    private static readonly byte[] Miniature = File.ReadAllBytes(Checkout.Miniature("scene-scorer", "model-q8_0.gguf"));

    [Fact]
    public void Problems_RepeatedToken_IsNamed()
    {
        var bytes = Miniature.ToArray();
        bytes[Find(bytes, [1, 0, 0, 0, 0, 0, 0, 0, (byte)'a']) + 8] = (byte)'b';

        Problems(bytes).ShouldContain(problem => problem.Contains("'b' twice", StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_RotationUnlikeTheHead_IsNamed()
    {
        var bytes = Miniature.ToArray();
        BitConverter.GetBytes(30).CopyTo(bytes, After(bytes, "llama.rope.dimension_count"));

        Problems(bytes).ShouldContain(problem => problem.Contains("rope.dimension_count is 30", StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_NegativeEpsilon_IsNamed()
    {
        var bytes = Miniature.ToArray();
        BitConverter.GetBytes(-1f).CopyTo(bytes, After(bytes, "llama.attention.layer_norm_rms_epsilon"));

        Problems(bytes).ShouldContain(problem => problem.Contains("epsilon is -1", StringComparison.Ordinal));
    }

    [Fact]
    public void Problems_ByteTokenMissing_IsNamed()
    {
        var bytes = File.ReadAllBytes(Path.Combine(ConformancePack.Require(), "llm", "llama-spm", "model-q8_0.gguf"));
        bytes[Find(bytes, Encoding.ASCII.GetBytes("<0xE9>")) + 3] = (byte)'Z';

        var problems = Problems(bytes);

        problems.ShouldContain(problem => problem.Contains("lacks the byte token <0xE9>", StringComparison.Ordinal));
        problems.ShouldContain(problem => problem.Contains("calls '<0xZ9>' a byte", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_FileWithProblems_ListsThemAll()
    {
        var bytes = Miniature.ToArray();
        BitConverter.GetBytes(30).CopyTo(bytes, After(bytes, "llama.rope.dimension_count"));
        BitConverter.GetBytes(-1f).CopyTo(bytes, After(bytes, "llama.attention.layer_norm_rms_epsilon"));
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);

            Should.Throw<ModelLoadException>(() => LlamaModel.Load(path)).Problems.Count.ShouldBe(2);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static IReadOnlyList<string> Problems(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return LanguageModelCheck.Problems(GgufFile.Read(stream, bytes.Length, "model.gguf"));
    }

    private static int After(byte[] bytes, string key) => Find(bytes, Encoding.ASCII.GetBytes(key)) + key.Length + KeyAndType;

    private static int Find(byte[] bytes, byte[] pattern) => bytes.AsSpan().IndexOf(pattern);
}
