using Realign.Core.Errors;
using Realign.Llama.Gguf;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>The header reader against files that lie.</summary>
public sealed class GgufFileTests
{
    private static readonly byte[] Model = File.ReadAllBytes(Checkout.Miniature("scene-scorer", "model-q8_0.gguf"));

    [Fact]
    public void Read_Miniature_HasNoProblems()
    {
        var file = Read(Model);

        file.String("general.architecture").ShouldBe("llama");
        file.Tensors.Sum(tensor => tensor.Length).ShouldBeLessThanOrEqualTo(Model.Length);
        LanguageModelCheck.Problems(file).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(8, long.MaxValue, "the tensor count says")]
    [InlineData(8, -1, "the tensor count says")]
    [InlineData(16, long.MaxValue, "the count of metadata says")]
    [InlineData(24, long.MaxValue, "the length of metadata key 0 says")]
    public void Read_LyingCount_IsRefused(int position, long value, string problem)
    {
        var bytes = Model.ToArray();
        BitConverter.GetBytes(value).CopyTo(bytes, position);

        Should.Throw<ModelLoadException>(() => Read(bytes)).Message.ShouldContain(problem);
    }

    [Fact]
    public void Read_EveryTruncation_IsRefused()
    {
        for (var length = 0; length < Model.Length; length += 1 + (length / 50))
            Should.Throw<ModelLoadException>(() => Read(Model[..length]));
    }

    [Fact]
    public void Read_Mutants_EitherReadsOrRefuses()
    {
        var random = new Random(20260101);
        var header = (int)Read(Model).Tensors[0].Offset;
        var bytes = Model.ToArray();
        var refused = 0;
        for (var mutant = 0; mutant < 20_000; mutant++)
        {
            var changes = Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(header)).ToList();
            foreach (var position in changes)
                bytes[position] = (byte)random.Next(256);
            try
            {
                _ = LanguageModelCheck.Problems(Read(bytes));
            }
            catch (ModelLoadException)
            {
                refused++;
            }

            foreach (var position in changes)
                bytes[position] = Model[position];
        }

        refused.ShouldBeGreaterThan(0);
    }

    private static GgufFile Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return GgufFile.Read(stream, bytes.Length, "model.gguf");
    }
}
