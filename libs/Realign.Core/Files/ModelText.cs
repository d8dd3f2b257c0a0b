using Realign.Core.Errors;

namespace Realign.Core.Files;

/// <summary>Small files of a model that are text: configs, indices, tokenizers, lists.</summary>
public static class ModelText
{
    /// <summary>The largest published tokenizer.json has 33 MB; anything far above is no text of a model.</summary>
    public const long MaxBytes = 128 << 20;

    /// <summary>The bytes of a text without the mark that some editors write before it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="maxBytes">Most bytes that a file of its kind has.</param>
    /// <exception cref="ModelLoadException">It is not there, too large, or what a failed download leaves.</exception>
    public static byte[] Read(string path, long maxBytes = MaxBytes)
    {
        var bytes = ModelFile.ReadAllBytes(path, maxBytes);
        FileMistakes.Check(path, bytes.AsSpan(0, Math.Min(bytes.Length, FileMistakes.HeadBytes)), bytes.Length, FileFormat.Text);
        return bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
    }
}
