using System.Diagnostics;
using System.Text;
using Realign.Core.Errors;
using Shouldly;
using Xunit;

namespace Realign.Tokenizers.Tests;

/// <summary>Tokenizer files that are missing, broken or contradict each other.</summary>
public sealed class TokenizerFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => [.. MiniatureFolders.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Load_WithoutAnyOneOfItsFiles_LoadsOrIsRefused(string kind)
    {
        foreach (var (missing, _) in MiniatureFolders.Files(kind))
        {
            using var folder = new TemporaryFolder();
            MiniatureFolders.Write(kind, folder.Path);
            File.Delete(Path.Combine(folder.Path, missing));

            var failure = Record.Exception(() => MiniatureFolders.Load(kind, folder.Path));

            if (missing is "vocab.json" or "merges.txt" or "vocab.txt" or "tokenizer.json" or "spiece.model")
                failure.ShouldBeOfType<ModelLoadException>($"{kind} without {missing}");
            else
                (failure is null or ModelLoadException).ShouldBeTrue($"{kind} without {missing}: {failure}");
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Load_FileCutAnywhere_LoadsOrIsRefused(string kind)
    {
        foreach (var (name, content) in MiniatureFolders.Files(kind))
        {
            MiniatureFolders.Write(kind, _folder.Path);
            for (var length = 0; length < content.Length; length += 1 + (content.Length / 60))
            {
                File.WriteAllBytes(Path.Combine(_folder.Path, name), content[..length]);

                var failure = Record.Exception(() => MiniatureFolders.Load(kind, _folder.Path));

                (failure is null or ModelLoadException).ShouldBeTrue($"{kind}, {name} cut to {length}: {failure}");
                if (name.EndsWith(".json", StringComparison.Ordinal))
                    failure.ShouldNotBeNull($"{kind}, {name} cut to {length}");
            }
        }
    }

    [Fact]
    public void Load_NoFolder_IsRefused() =>
        Should.Throw<ModelLoadException>(() => ClipTokenizer.Load(Path.Combine(_folder.Path, "none"))).Message.ShouldContain("does not exist");

    [Theory]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<pad>\":-1", "not a whole number from 0")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<pad>\":1.5", "not a whole number from 0")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<pad>\":\"1\"", "not a whole number from 0")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<pad>\":2", "is given to two tokens")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<pad>\":2000000000", "above any vocabulary")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"<s>\":1", "not valid JSON")]
    [InlineData("gpt2", "vocab.json", "\"<pad>\":1", "\"\\ud800\":1", "not valid JSON")]
    [InlineData("gpt2", "vocab.json", "\"A\"", "\"AA\"", "lacks the byte symbol 'A'")]
    [InlineData("gpt2", "merges.txt", "\u0120 r", "\u0120r", "is not two symbols")]
    [InlineData("gpt2", "merges.txt", "\u0120 r", "\u0120 q", "has a part or a result that is not in the vocabulary")]
    [InlineData("gpt2", "added_tokens.json", ":262", ":7", "id 7 is")]
    [InlineData("gpt2", "added_tokens.json", ":262", ":null", "not a whole number")]
    [InlineData("gpt2", "added_tokens.json", ":262", ":-262", "not a whole number from 0")]
    [InlineData("gpt2", "added_tokens.json", "<image>", "<pad>", "has id 262 here and 1 in another file")]
    [InlineData("gpt2", "added_tokens.json", "<image>", "", "an added token has no text")]
    [InlineData("gpt2", "special_tokens_map.json", "<pad>", "<padding>", "special token '<padding>' is in no vocabulary")]
    [InlineData("gpt2", "special_tokens_map.json", "\"<pad>\"", "\"\"", "a special token has no text")]
    [InlineData("bert", "vocab.txt", "car\n", "red\n", "line 7 repeats the token of line 6")]
    [InlineData("bert", "vocab.txt", "[UNK]\n", "[NOPE]\n", "[UNK]")]
    [InlineData("t5", "tokenizer.json", "\"unk_id\":2", "\"unk_id\":8", "unk_id is no piece")]
    [InlineData("t5", "tokenizer.json", "[\"c\",-3]", "[\"c\"]", "is not a pair of text and score")]
    [InlineData("t5", "tokenizer.json", "[\"c\",-3]", "[\"a\",-3]", "has the ids 5 and 6")]
    [InlineData("t5", "tokenizer.json", "\"Unigram\"", "\"BPE\"", "has no unigram model")]
    [InlineData("t5", "tokenizer.json", "{\"added_tokens\"", "{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"@\"},\"added_tokens\"",
        "is not base64")]
    [InlineData("t5", "tokenizer.json", "{\"added_tokens\"",
        "{\"normalizer\":{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////wAAAAA=\"},\"added_tokens\"", "character map is malformed")]
    [InlineData("llama3", "tokenizer.json", "\"special\":true", "\"single_word\":true", "single_word = true is not supported")]
    public void Load_ContradictionOrLie_IsRefusedWithItsPlace(string kind, string file, string before, string after, string problem)
    {
        MiniatureFolders.Write(kind, _folder.Path);
        _folder.Change(file, text => text.Contains(before, StringComparison.Ordinal)
            ? text[..text.IndexOf(before, StringComparison.Ordinal)] + after + text[(text.IndexOf(before, StringComparison.Ordinal) + before.Length)..]
            : throw new ArgumentException($"{file} has no {before}: {text[..Math.Min(300, text.Length)]}"));

        var refusal = Should.Throw<ModelLoadException>(() => MiniatureFolders.Load(kind, _folder.Path));

        refusal.Message.ShouldContain(problem);
        refusal.WayOut.ShouldNotBeEmpty();
    }

    [Fact]
    public void Load_SentencePieceFileOfAnotherKind_IsRefused()
    {
        MiniatureFolders.Write("spiece", _folder.Path);
        var path = Path.Combine(_folder.Path, "spiece.model");
        File.WriteAllBytes(path, [.. File.ReadAllBytes(path)[..^1], 2]);

        Should.Throw<ModelLoadException>(() => T5Tokenizer.Load(_folder.Path)).Message.ShouldContain("model_type = 2 is not unigram");
    }

    [Fact]
    public void Load_PieceLongerThanAnyWord_IsRefused()
    {
        MiniatureFolders.Write("t5", _folder.Path);
        _folder.Change("tokenizer.json", text => text.Replace("[\"c\",-3]", $"[\"{new string('c', 5000)}\",-3]", StringComparison.Ordinal));

        Should.Throw<ModelLoadException>(() => T5Tokenizer.Load(_folder.Path)).Message.ShouldContain("piece 5 has 5000 characters");
    }

    [Fact]
    public void Load_MillionsOfEmptyFields_EndWithoutTakingManyTimesTheFile()
    {
        var file = new byte[8 << 20];
        for (var i = 0; i < file.Length; i += 2)
            file[i] = 0x22;
        File.WriteAllBytes(Path.Combine(_folder.Path, "spiece.model"), file);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();

        Should.Throw<ModelLoadException>(() => T5Tokenizer.LoadPieces(_folder.Path)).Message.ShouldContain("has no pieces");

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(3L * file.Length);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Load_RolesAsTextOrAsObject_AreTheSame()
    {
        MiniatureFolders.Write("gpt2", _folder.Path);
        var asObject = Gpt2Tokenizer.Load(_folder.Path);
        _folder.Write("special_tokens_map.json", """{ "bos_token": "</s>", "eos_token": "</s>", "pad_token": "<pad>" }""");

        Gpt2Tokenizer.Load(_folder.Path).PadId.ShouldBe(asObject.PadId);
        asObject.PadId.ShouldBe(1);
        asObject.ImageId.ShouldBe(262);
    }

    [Fact]
    public void Load_WindowsLineEnds_MakeNoDifference()
    {
        MiniatureFolders.Write("bert", _folder.Path);
        var expected = BertTokenizer.Load(_folder.Path).Encode("Red cars.");
        _folder.Change("vocab.txt", text => text.Replace("\n", "\r\n", StringComparison.Ordinal));

        BertTokenizer.Load(Path.Combine(_folder.Path, "vocab.txt")).Encode("Red cars.").ShouldBe(expected);
        expected.ShouldBe([2, 5, 6, 7, 10, 3]);
    }

    [Fact]
    public void Load_PieceFile_EncodesAsTheJsonOfTheSameModel()
    {
        MiniatureFolders.Write("spiece", _folder.Path);
        var tokenizer = T5Tokenizer.Load(_folder.Path);

        tokenizer.Encode(" red  ca<extra_id_0>").ShouldBe([4, 3, 5, 6, 8, 1]);
        tokenizer.Decode(tokenizer.Encode("red ca"), skipSpecialTokens: true).ShouldBe("red ca");
        T5Tokenizer.LoadPieces(_folder.Path).Encode("red\u0085ca").ShouldBe([4, 2, 5, 6, 1]);
        Encoding.UTF8.GetByteCount(tokenizer.Decode([8, 7], skipSpecialTokens: false)).ShouldBe(24);
    }

    public void Dispose() => _folder.Dispose();
}
