using Realign.Tokenizers;
using Realign.VisionLanguage.Generation;
using Shouldly;
using Xunit;

namespace Realign.VisionLanguage.Tests;

/// <summary>Where texts are cut, and what is said about it.</summary>
public sealed class TextReadingTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("realign-words");

    [Theory]
    [InlineData("red car", 5, 4, "")]
    [InlineData("red car", 4, 4, "")]
    [InlineData("redder car", 4, 4, "car")]
    [InlineData("redder car", 3, 3, "der car")]
    public void CutBeforeEnd_KeepsTheEndToken_AndSpellsTheRest(string text, int room, int read, string rest)
    {
        var tokenizer = Tokenizer();

        var (ids, reading) = TextReading.CutBeforeEnd(tokenizer, tokenizer.Encode(text), room);

        ids.Length.ShouldBe(read);
        ids[0].ShouldBe(tokenizer.ClsId);
        ids[^1].ShouldBe(tokenizer.SepId);
        reading.ShouldBe(new TextReading(read, rest));
    }

    [Fact]
    public void Cut_TakesTheEndTokenToo()
    {
        var tokenizer = Tokenizer();

        var (ids, reading) = TextReading.Cut(tokenizer, tokenizer.Encode("redder car"), 3);

        ids.Length.ShouldBe(3);
        reading.ShouldBe(new TextReading(3, "car"));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private BertTokenizer Tokenizer()
    {
        File.WriteAllLines(Path.Combine(_folder.FullName, "vocab.txt"), ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "##der", "car"]);
        return BertTokenizer.Load(_folder.FullName);
    }
}
