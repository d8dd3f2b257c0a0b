namespace Realign.Testing;

/// <summary>The working tree the tests were built from.</summary>
public static class Checkout
{
    /// <summary>Folder that holds the solution file.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A folder or file of the embedded models.</summary>
    public static string Miniature(params string[] parts) => Path.Combine([Root, "models", "miniature", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Realign.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"no Realign.slnx above {AppContext.BaseDirectory}");
    }
}
