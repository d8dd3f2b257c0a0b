using Realign.Testing;

namespace Realign.Architecture.Tests;

/// <summary>One C# file of the checkout.</summary>
/// <param name="Path">Path from the root.</param>
/// <param name="Lines">Its lines.</param>
internal sealed record SourceFile(string Path, IReadOnlyList<string> Lines)
{
    /// <summary>Folders of the root that hold code.</summary>
    public static IReadOnlyList<string> Layers { get; } =
        [.. new[] { "protos", "libs", "services", "cli", "clients", "tests", "benchmarks", "tools" }.Where(layer =>
            Directory.Exists(System.IO.Path.Combine(Checkout.Root, layer)))];

    /// <summary>Every file that is written by hand.</summary>
    public static IReadOnlyList<SourceFile> All { get; } =
        [.. Layers.SelectMany(layer => Directory.EnumerateFiles(System.IO.Path.Combine(Checkout.Root, layer), "*.cs", SearchOption.AllDirectories))
            .Order(StringComparer.Ordinal)
            .Select(path => new SourceFile(System.IO.Path.GetRelativePath(Checkout.Root, path), File.ReadAllLines(path)))];

    /// <summary>The folder of the root it is in.</summary>
    public string Layer => Path.Split('/')[0];

    /// <summary>Namespaces and types named in its using directives.</summary>
    public IEnumerable<string> Usings => Lines.Where(line => line.StartsWith("using ", StringComparison.Ordinal) && line.EndsWith(';') && !line.Contains('('))
        .Select(line => line["using ".Length..].Replace("static ", "", StringComparison.Ordinal).TrimEnd(';'))
        .Select(name => name[(name.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim());

    /// <summary>Whether it names a namespace, in a using directive or in full.</summary>
    public bool Names(string root) => Usings.Any(name => name == root || name.StartsWith(root + ".", StringComparison.Ordinal))
        || Lines.Any(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal) && (line.Contains($" {root}.", StringComparison.Ordinal)
            || line.Contains($"({root}.", StringComparison.Ordinal)));

    public override string ToString() => Path;
}
