using Realign.Core.Errors;

namespace Realign.Llama.Native;

/// <summary>Finds the folder with llama.cpp's libraries.</summary>
internal static class NativeFolder
{
    /// <summary>Environment variable that names the folder.</summary>
    public const string Variable = "REALIGN_LLAMA_NATIVES";

    /// <summary>The release whose struct layouts this binding was written for; they change between releases.</summary>
    public const string Release = "v0.5.0";

    private static readonly string[] NpmFolder = ["native", "npm", "node_modules", "@node-llama-cpp", "linux-x64", "bins", "linux-x64"];

    /// <summary>The folder named by the environment, else <c>llama</c> beside the application, else the npm package of the checkout above it.</summary>
    /// <exception cref="ModelLoadException">There is none.</exception>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
        {
            return HasLibrary(configured)
                ? Path.GetFullPath(configured)
                : throw Missing(configured, $"{Variable} names a folder without libllama");
        }

        var beside = Path.Combine(AppContext.BaseDirectory, "llama");
        if (HasLibrary(beside))
            return beside;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine([folder.FullName, .. NpmFolder]);
            if (HasLibrary(candidate))
                return candidate;
        }

        throw Missing(beside, "llama.cpp's libraries are not there, nor in native/npm of a checkout above");
    }

    /// <summary>Full path of one library, e.g. <c>llama</c> to <c>libllama.v0.5.0.so</c> or <c>libllama.cuda.v0.5.0.so</c>.</summary>
    /// <exception cref="ModelLoadException">It is missing or of another release.</exception>
    public static string Library(string folder, string name)
    {
        var plain = Path.Combine(folder, $"lib{name}.so");
        if (name == NativeMethods.GgmlBase)
            return File.Exists(plain) ? plain : throw Missing(folder, $"lib{name}.so is missing");
        var found = Directory.GetFiles(folder, $"lib{name}.*so").Order(StringComparer.Ordinal).ToList();
        return found.Find(path => path.EndsWith($".{Release}.so", StringComparison.Ordinal))
            ?? throw Missing(folder, found.Count == 0
                ? $"lib{name}.{Release}.so is missing"
                : $"found {string.Join(", ", found.Select(Path.GetFileName))}, expected release {Release}");
    }

    private static bool HasLibrary(string folder) => Directory.Exists(folder) && Directory.EnumerateFiles(folder, "libllama.*so").Any();

    private static ModelLoadException Missing(string folder, string problem) => new(folder, problem,
        $"run npm ci --ignore-scripts in native/npm, or set {Variable} to the folder of llama.cpp {Release}'s libraries");
}
