using System.Diagnostics;
using System.Text;
using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Tokenizers.Tests;

/// <summary>What must hold for every text, however odd.</summary>
public sealed class EncodingTests : IDisposable
{
    private static readonly string[] Odd =
    [
        "", " ", "\0", "\ud800", "\udc00\ud800", "a\ud800b", "\uffff", "\u200b\u200d\ufe0f", "e\u0301\u0323\u0301", "\r\n\r\n", "\u0085\u00a0\u3000",
            "\u2581\u2581 \u2581",
        "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\uAC00\u1100\u1161\u11A8", "<|endoftext|", "</s", "[MASK", "'''s 've're", "\u0130\u0131\u1E9E\uFB01",
            "12345678901234567890",
    ];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => [.. MiniatureFolders.Kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_AnyText_GivesIdsThatDecode(string kind)
    {
        var tokenizer = Tokenizer(kind);
        foreach (var text in Odd.Concat(RandomTexts(300)))
        {
            var ids = tokenizer.Encode(text);

            ids.ShouldBe(tokenizer.Encode(text));
            _ = tokenizer.Decode(ids, skipSpecialTokens: true);
            _ = tokenizer.Decode(ids, skipSpecialTokens: false);
        }
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama3")]
    public void Decode_ByteLevelIds_GivesTheTextBack(string kind)
    {
        var tokenizer = Tokenizer(kind);
        foreach (var text in Odd.Concat(RandomTexts(300)))
        {
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

            tokenizer.Decode(tokenizer.Encode(text), skipSpecialTokens: true).ShouldBe(expected);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Encode_LongTexts_TakeNoQuadraticTime(string kind)
    {
        var tokenizer = Tokenizer(kind);
        var watch = Stopwatch.StartNew();
        foreach (var text in new[] { new string('a', 40_000), new string(' ', 40_000), new string('7', 40_000),
            string.Concat(Enumerable.Repeat("red ", 10_000)), "a" + new string('\u0301', 40_000), string.Concat(Enumerable.Repeat("<pad>", 8_000)) })
            tokenizer.Encode(text).ShouldNotBeNull();

        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(30));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Decode_IdOutsideTheVocabulary_IsRefused(string kind)
    {
        var tokenizer = Tokenizer(kind);

        foreach (var id in new[] { -1, int.MinValue, int.MaxValue, 1 << 20 })
            Should.Throw<InvalidInputException>(() => tokenizer.Decode([id], skipSpecialTokens: false)).Field.ShouldBe("ids");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Encode_ManyThreads_GiveTheSameIds(string kind)
    {
        var tokenizer = Tokenizer(kind);
        var texts = RandomTexts(100).ToList();
        var expected = texts.ConvertAll(tokenizer.Encode);

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => texts.ConvertAll(tokenizer.Encode)))).DefaultTimeout();

        foreach (var ids in all.SelectMany(list => list.Zip(expected)))
            ids.First.ShouldBe(ids.Second);
    }

    [Fact]
    public void EncodePadded_TooLong_IsCutBeforeTheEndAndSaysWhatIsLost()
    {
        var tokenizer = (ClipTokenizer)Tokenizer("clip");

        var padded = tokenizer.EncodePadded("red red red red", 4);

        padded.Ids.ShouldBe([tokenizer.BosId, tokenizer.Encode("red")[1], tokenizer.Encode("red")[1], tokenizer.EosId]);
        padded.Length.ShouldBe(4);
        padded.TruncatedRest.ShouldBe("red red");
        tokenizer.EncodePadded("red", 6).ShouldSatisfyAllConditions(
            shorter => shorter.Length.ShouldBe(3),
            shorter => shorter.TruncatedRest.ShouldBeEmpty(),
            shorter => shorter.Ids[3..].ShouldAllBe(id => id == tokenizer.PadId));
        Should.Throw<ArgumentOutOfRangeException>(() => tokenizer.EncodePadded("red", 1));
    }

    [Fact]
    public void CanonicalForm_AnyText_IsStableAndInverse()
    {
        foreach (var text in Odd.Concat(RandomTexts(2000)))
        {
            var composed = CanonicalForm.Compose(text);
            var decomposed = CanonicalForm.Decompose(text);

            CanonicalForm.Compose(composed).ShouldBe(composed);
            CanonicalForm.Decompose(decomposed).ShouldBe(decomposed);
            CanonicalForm.Compose(decomposed).ShouldBe(CanonicalForm.Compose(text.EnumerateRunes().Aggregate("", (all, rune) => all + rune)));
            CanonicalForm.Decompose(composed).ShouldBe(CanonicalForm.Decompose(text.EnumerateRunes().Aggregate("", (all, rune) => all + rune)));
        }

        CanonicalForm.Compose("e\u0323\u0301").ShouldBe("\u1EB9\u0301");
        CanonicalForm.Compose("e\u0301\u0323").ShouldBe("\u1EB9\u0301");
        CanonicalForm.Compose("\u1100\u1161\u11A8").ShouldBe("\uAC01");
        CanonicalForm.Decompose("\u01D5").ShouldBe("U\u0308\u0304");
        CanonicalForm.Compose("\u2126").ShouldBe("\u03A9");
    }

    public void Dispose() => _folder.Dispose();

    private ITextTokenizer Tokenizer(string kind)
    {
        MiniatureFolders.Write(kind, _folder.Path);
        return MiniatureFolders.Load(kind, _folder.Path);
    }

    private static IEnumerable<string> RandomTexts(int count)
    {
        var random = new Random(20260101);
        string[] parts = ["red", "car", " ", "\t", "e\u0301", "\u0323", "\uD83D", "\uDE00", "\u3042", "\u00df", "1", ".", "'s", "\u05D0", "\0", "\u1161",
            "\uAC00", "\u2581", "##s", "\u0345"];
        for (var i = 0; i < count; i++)
            yield return string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
    }
}
