namespace Realign.Tokenizers.Tests;

/// <summary>A tokenizer folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("realign-tokenizer").FullName;

    public void Write(string name, string content) => File.WriteAllText(System.IO.Path.Combine(Path, name), content);

    public void Change(string name, Func<string, string> change)
    {
        var path = System.IO.Path.Combine(Path, name);
        var before = File.ReadAllText(path);
        var after = change(before);
        if (after == before)
            throw new ArgumentException($"the change leaves {name} as it was", nameof(change));
        File.WriteAllText(path, after);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
