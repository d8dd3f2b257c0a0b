using System.Xml.Linq;
using Realign.Testing;

namespace Realign.Architecture.Tests;

/// <summary>One project of the checkout and what it refers to.</summary>
/// <param name="Path">Path from the root, e.g. <c>libs/Realign.Core/Realign.Core.csproj</c>.</param>
/// <param name="Projects">Paths from the root of the projects it refers to.</param>
/// <param name="Packages">Names of its packages.</param>
internal sealed record ProjectFile(string Path, IReadOnlyList<string> Projects, IReadOnlyList<string> Packages)
{
    /// <summary>Every project of the checkout.</summary>
    public static IReadOnlyList<ProjectFile> All { get; } =
        [.. SourceFile.Layers.SelectMany(layer => Directory.EnumerateFiles(System.IO.Path.Combine(Checkout.Root, layer), "*.csproj",
            SearchOption.AllDirectories)).Order(StringComparer.Ordinal).Select(Read)];

    /// <summary>The folder of the root it is in: protos, libs, services, cli, tests or benchmarks.</summary>
    public string Layer => Path.Split('/')[0];

    /// <summary>Its folder, from the root.</summary>
    public string Folder => Path[..Path.LastIndexOf('/')];

    /// <summary>Name of what it compiles to.</summary>
    public string AssemblyName => XDocument.Load(System.IO.Path.Combine(Checkout.Root, Path)).Descendants().FirstOrDefault(item =>
        item.Name.LocalName == "AssemblyName")?.Value
        ?? System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>Whether it is, or refers to, the project of a folder, directly or through others.</summary>
    public bool Reaches(string folder) => Folder == folder || Projects.Any(path => All.First(project => project.Path == path).Reaches(folder));

    /// <summary>What a file of MSBuild includes as items of one kind.</summary>
    public static IReadOnlyList<string> Included(string path, string kind) =>
        [.. XDocument.Load(path).Descendants().Where(item => item.Name.LocalName == kind).Select(item => item.Attribute("Include")?.Value).OfType<string>()];

    private static ProjectFile Read(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path)!;
        return new ProjectFile(
            System.IO.Path.GetRelativePath(Checkout.Root, path),
            [.. Included(path, "ProjectReference").Select(reference => System.IO.Path.GetRelativePath(Checkout.Root,
                System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, reference))))],
            Included(path, "PackageReference"));
    }
}
