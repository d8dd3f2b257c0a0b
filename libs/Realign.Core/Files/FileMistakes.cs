using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Realign.Core.Errors;

namespace Realign.Core.Files;

/// <summary>Downloads that went wrong and files of another kind, as far as their first bytes tell: each has its own sentence and way out.</summary>
public static partial class FileMistakes
{
    /// <summary>Bytes of a file's beginning that are looked at.</summary>
    public const int HeadBytes = 512;

    private const int LongestServerMessage = 4096;
    private const string DownloadAgain = "download the file again, with the publisher's own tool or from its page, and compare its size";

    private static readonly string[] PickleSuffixes = [".bin", ".ckpt", ".pt", ".pth", ".pkl"];

    /// <summary>Whether a name is one of those that pickles have, which run code when they are loaded.</summary>
    public static bool IsPickleName(string path) => PickleSuffixes.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Names what is wrong with a file.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="head">Its first <see cref="HeadBytes"/> bytes, or all when it is shorter.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <param name="wanted">What it should be.</param>
    /// <exception cref="ModelLoadException">It is visibly something else.</exception>
    public static void Check(string path, ReadOnlySpan<byte> head, long length, FileFormat wanted)
    {
        if (Find(head, length, wanted) is { } mistake)
            throw new ModelLoadException(path, mistake.Problem, mistake.WayOut);
    }

    /// <summary>The same for the beginning of a file on disk.</summary>
    /// <exception cref="ModelLoadException">It cannot be opened, or is visibly something else.</exception>
    public static void Check(ModelFile file, FileFormat wanted)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var handle = file.Open();
        var head = new byte[Math.Min(file.Length, HeadBytes)];
        file.Read(handle, head, 0);
        Check(file.Path, head, file.Length, wanted);
    }

    /// <summary>What a file is by its beginning, whatever its name; null = neither of the formats that say so, or it cannot be read.</summary>
    public static FileFormat? Recognize(string path)
    {
        try
        {
            var file = ModelFile.Find(path);
            using var handle = file.Open();
            var head = new byte[Math.Min(file.Length, HeadBytes)];
            file.Read(handle, head, 0);
            return head.AsSpan().StartsWith("GGUF"u8) ? FileFormat.Gguf : IsSafetensors(head, file.Length) ? FileFormat.Safetensors : null;
        }
        catch (ModelLoadException)
        {
            return null;
        }
    }

    /// <summary>What a pickle is refused with.</summary>
    /// <param name="path">Folder or file.</param>
    /// <param name="names">The pickles.</param>
    public static ModelLoadException Pickle(string path, IEnumerable<string> names) => new(path,
        $"{string.Join(", ", names)} is a pickle: it runs code when loaded and is refused",
        "download the .safetensors revision of the model, or convert the file with the publisher's own tool");

    private static (string Problem, string WayOut)? Find(ReadOnlySpan<byte> head, long length, FileFormat wanted)
    {
        if (length == 0)
            return wanted == FileFormat.Text ? null : ("the file is empty", DownloadAgain);
        var text = Encoding.Latin1.GetString(head).TrimStart('\u00EF', '\u00BB', '\u00BF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("version https://git-lfs", StringComparison.Ordinal))
        {
            var size = LfsSize().Match(text) is { Success: true } match ? $" of {match.Groups[1].Value} bytes" : "";
            return ($"this is a Git LFS pointer ({length} bytes), not the file{size} it stands for",
                "run 'git lfs pull' in the repository it came from, or download the file itself");
        }

        if (Markup().IsMatch(text))
            return ("this is a web page, probably an error page of the server it was downloaded from", DownloadAgain);
        return wanted == FileFormat.Text ? null : FindInBinary(head, text, length, wanted);
    }

    private static (string Problem, string WayOut)? FindInBinary(ReadOnlySpan<byte> head, string text, long length, FileFormat wanted)
    {
        // a header of 640 bytes begins as a pickle does
        if (head.StartsWith("PK\x3\x4"u8) || (head.Length > 1 && head[0] == 0x80 && head[1] is >= 2 and <= 5 && !IsSafetensors(head, length)))
        {
            return ("this is a PyTorch file (a pickle): it runs code when loaded and is refused, whatever its name",
                $"download the {Name(wanted)} revision of the model, or convert the file with the publisher's own tool");
        }

        if (wanted != FileFormat.Gguf && head.StartsWith("GGUF"u8))
            return ($"this is a GGUF file, {Article(wanted)} is needed", $"download the {Name(wanted)} file of the model");
        if (wanted != FileFormat.Safetensors && IsSafetensors(head, length))
            return ($"this is a safetensors file, {Article(wanted)} is needed", $"download the {Name(wanted)} file of the model");
        if (head.IndexOfAnyExcept((byte)0) < 0)
            return ("the file begins with zeros only: its space was reserved, its data never came", DownloadAgain);
        return length <= LongestServerMessage && text.All(letter => letter is >= ' ' and <= '~' or '\r' or '\n' or '\t')
            ? ($"this is a text of {length} bytes ('{Shorten(text)}'), not {Article(wanted)}: probably the answer of the server it was downloaded from",
                DownloadAgain)
            : null;
    }

    private static bool IsSafetensors(ReadOnlySpan<byte> head, long length) =>
        head.Length > 9 && head[8] == (byte)'{' && BitConverter.ToUInt64(head) is > 1 and var header && header <= (ulong)length;

    private static string Name(FileFormat format) => format switch
    {
        FileFormat.Safetensors => ".safetensors",
        FileFormat.Onnx => "ONNX",
        _ => "GGUF",
    };

    private static string Article(FileFormat format) => format == FileFormat.Onnx ? "an ONNX graph" : $"a {Name(format).TrimStart('.')} file";

    private static string Shorten(string text) =>
        string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, Math.Min(text.Length, 40))}").ReplaceLineEndings(" ").Trim();

    [GeneratedRegex(@"\nsize (\d{1,19})\b")]
    private static partial Regex LfsSize();

    [GeneratedRegex(@"^<(!doctype|html|head|body|\?xml)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Markup();
}
