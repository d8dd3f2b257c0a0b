using System.Text.RegularExpressions;
using Realign.Core.Errors;

namespace Realign.Core.Files.Hub;

/// <summary>
/// A model as the Hugging Face hub names it: <c>hub:OWNER/NAME</c>, with <c>@REVISION</c> (branch, tag or commit) and <c>:FILE</c> where one file of it
/// is meant, e.g. <c>hub:bartowski/Llama-3.2-1B-Instruct-GGUF:Llama-3.2-1B-Instruct-Q4_K_M.gguf</c>.
/// </summary>
/// <param name="Repository">Owner and name, or the name alone of the oldest ones.</param>
/// <param name="Revision">Null = the newest.</param>
/// <param name="File">Path inside; null = the whole.</param>
public sealed partial record HubName(string Repository, string? Revision, string? File)
{
    private const string Prefix = "hub:";

    /// <summary>Whether it is meant as such a name.</summary>
    public static bool IsOne(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(Prefix, StringComparison.Ordinal);
    }

    /// <summary>Reads it.</summary>
    /// <exception cref="ModelLoadException">It is none.</exception>
    public static HubName Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var match = Form().Match(name);
        var file = Part(match, "file");
        if (!match.Success || file?.Split('/').Contains("..") == true || Part(match, "revision")?.Split('/').Contains("..") == true)
            throw new ModelLoadException(name, "this is no name of the hub", "write hub:OWNER/NAME, hub:OWNER/NAME@REVISION or hub:OWNER/NAME:FILE");
        return new HubName(match.Groups["repository"].Value, Part(match, "revision"), file);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix}{Repository}{(Revision is null ? "" : "@" + Revision)}{(File is null ? "" : ":" + File)}";

    private static string? Part(Match match, string group) => match.Groups[group] is { Success: true } found ? found.Value : null;

    [GeneratedRegex(@"^hub:(?<repository>[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?)(@(?<revision>[\w./-]+))?(:(?<file>[^:/][^:]*))?$",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
