namespace Realign.Testing;

/// <summary>A copy of an embedded model that a test may damage.</summary>
public sealed class ModelCopy : IDisposable
{
    /// <summary>Copies a folder of the miniature.</summary>
    public ModelCopy(params string[] parts)
        : this(Checkout.Miniature(parts), Directory.CreateTempSubdirectory("realign-model").FullName)
    {
    }

    private ModelCopy(string source, string target)
    {
        Path = target;
        foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            var copy = System.IO.Path.Combine(target, System.IO.Path.GetRelativePath(source, file));
            _ = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>Copies any folder.</summary>
    public static ModelCopy Of(string folder) => new(folder, Directory.CreateTempSubdirectory("realign-model").FullName);

    /// <summary>The copy.</summary>
    public string Path { get; }

    /// <summary>Replaces the content of one file.</summary>
    public void Rewrite(string file, Func<byte[], byte[]> change)
    {
        var path = System.IO.Path.Combine(Path, file);
        File.WriteAllBytes(path, change(File.ReadAllBytes(path)));
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
