using System.Diagnostics;
using System.Text;
using Realign.Safetensors;
using Shouldly;

namespace Realign.Models.Tests.Verdicts;

/// <summary>What happens to single files on the way from a publisher to a disk.</summary>
internal static class FileDamage
{
    private const string Pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 3438354725\n";

    public static IReadOnlyList<(string Name, Action<string> Do)> All { get; } =
    [
        ("deleted", File.Delete),
        ("emptied", path => File.WriteAllBytes(path, [])),
        ("a Git LFS pointer", path => File.WriteAllText(path, Pointer)),
        ("a web page", path => File.WriteAllText(path, "<!DOCTYPE html>\n<html><body>404</body></html>")),
        ("an answer of the server", path => File.WriteAllText(path, "Entry not found")),
        ("cut in half", path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length / 2)])),
        ("cut at its end", path => File.WriteAllBytes(path, File.ReadAllBytes(path)[..^1])),
        ("longer", path => File.AppendAllText(path, "\n")),
        ("a link to nothing", path => Replace(path, () => File.CreateSymbolicLink(path, "../../blobs/c0ffee"))),
        ("a link to itself", path => Replace(path, () => File.CreateSymbolicLink(path, Path.GetFileName(path)))),
        ("a folder", path => Replace(path, () => Directory.CreateDirectory(path))),
        ("a pipe", path => Replace(path, () => Pipe(path))),
        ("of upper case", path => File.Move(path, Path.ChangeExtension(path, Path.GetExtension(path).ToUpperInvariant()))),
        ("a backup", path => File.Move(path, path + ".bak")),
        ("with a byte order mark", path => File.WriteAllBytes(path, [.. Encoding.UTF8.Preamble, .. File.ReadAllBytes(path)])),
        ("of UTF-16", path => File.WriteAllText(path, Encoding.Latin1.GetString(File.ReadAllBytes(path)), Encoding.Unicode)),
    ];

    /// <summary>The last number of every tensor of floats becomes NaN: all ones are a NaN in each type.</summary>
    public static void MakeNonFinite(string path) => SafetensorsEdit.Rewrite(path, (entry, data) =>
    {
        if (entry.DType is SafetensorsDType.F32 or SafetensorsDType.F16 or SafetensorsDType.BF16)
            data.AsSpan(data.Length - entry.DType.SizeBytes()).Fill(0xFF);
        return (entry.Name, entry.DType, entry.Shape, data);
    });

    private static void Replace(string path, Action make)
    {
        File.Delete(path);
        make();
    }

    private static void Replace(string path, Func<object> make) => Replace(path, () => { _ = make(); });

    private static void Pipe(string path)
    {
        using var process = Process.Start("mkfifo", path);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0);
    }
}
