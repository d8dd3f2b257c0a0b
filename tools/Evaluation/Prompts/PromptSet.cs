using System.Security.Cryptography;
using System.Text;
using Realign.Core.Errors;
using Realign.World;

namespace Realign.Evaluation.Prompts;

/// <summary>A named list of prompts.</summary>
/// <param name="Name">Name of the file without its ending.</param>
/// <param name="Prompts">The prompts that are used.</param>
internal sealed record PromptSet(string Name, IReadOnlyList<EvaluationPrompt> Prompts)
{
    /// <summary>Prompts of a set in a quick run.</summary>
    public const int Quick = 200;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "prompts");

    /// <summary>Names of the sets of the repository.</summary>
    public static IReadOnlyList<string> Known => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, "*.txt").Select(Path.GetFileNameWithoutExtension).OfType<string>().Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Hash of the prompts: two runs of one folder must have the same ones.</summary>
    public string Hash => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Prompts.Select(prompt => prompt.Text)))));

    /// <summary>A set of the repository.</summary>
    /// <exception cref="EvaluationException">There is none of that name.</exception>
    public static PromptSet Named(string name, int limit, bool withDemands) => Known.Contains(name, StringComparer.Ordinal)
        ? Load(Path.Combine(Folder, $"{name}.txt"), limit, withDemands)
        : throw new EvaluationException($"there is no set '{name}': use one of {string.Join(", ", Known)}, or --prompts FILE", EvaluationException.NotThere);

    /// <summary>A file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="limit">Prompts at most, the first ones.</param>
    /// <param name="withDemands">Whether the oracle is to judge: then every prompt must be one of the embedded world.</param>
    /// <exception cref="EvaluationException">It cannot be read, or a prompt is none of the world.</exception>
    public static PromptSet Load(string path, int limit, bool withDemands)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        return new PromptSet(name, [.. PromptFile.Read(path).Take(limit).Select((text, index) =>
            new EvaluationPrompt(name, index, text, withDemands ? DemandOf(text, path) : null))]);
    }

    private static Demand DemandOf(string text, string path)
    {
        try
        {
            return ScenePrompt.Parse(text);
        }
        catch (InvalidInputException exception)
        {
            throw new EvaluationException(
                $"'{text}' of {path} is no prompt that the oracle can judge ({exception.Message}): correct it, or use --judge none", EvaluationException.Usage);
        }
    }
}
