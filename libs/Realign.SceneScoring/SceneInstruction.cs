using System.Text.Json;
using System.Text.RegularExpressions;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Llama.Chat;

namespace Realign.SceneScoring;

/// <summary>
/// What a model is told. A model trained for the task brings its own short form as <c>prompt.json</c> beside its file; every other model
/// gets the general instruction with an example.
/// </summary>
public sealed partial class SceneInstruction
{
    private const int TrainedPromptWords = 60;
    private const int GeneralPromptWords = 400;

    private readonly IReadOnlyList<ChatMessage> _score;
    private readonly IReadOnlyList<ChatMessage> _entities;
    private readonly int _maxWords;

    private SceneInstruction(IReadOnlyList<ChatMessage> score, IReadOnlyList<ChatMessage> entities, int maxTokens, int maxWords)
    {
        _score = score;
        _entities = entities;
        MaxTokens = maxTokens;
        _maxWords = maxWords;
    }

    /// <summary>Most tokens of an answer.</summary>
    public int MaxTokens { get; }

    /// <summary>The instruction for any instruction-tuned model.</summary>
    public static SceneInstruction General { get; } = ReadGeneral();

    /// <summary>The instruction of a model: its own if it has one.</summary>
    /// <param name="modelPath">The model's file.</param>
    /// <exception cref="ModelLoadException">Its <c>prompt.json</c> is not of the known form.</exception>
    public static SceneInstruction For(string modelPath)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(modelPath))!, "prompt.json");
        if (!ModelFile.Exists(path))
            return General;
        try
        {
            using var document = StrictJson.Parse(ModelText.Read(path));
            var root = document.RootElement;
            var system = new ChatMessage(ChatRole.System, root.GetProperty("system").GetString()!);
            var tasks = root.GetProperty("tasks");
            return new SceneInstruction([system, Task("score")], [system, Task("entities")], root.GetProperty("max_tokens").GetInt32(), TrainedPromptWords);

            ChatMessage Task(string name) => new(ChatRole.User, tasks.GetProperty(name).GetProperty("user").GetString()!);
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelLoadException(path, $"it is not an instruction: {exception.Message}", "restore it, or remove it to use the general one", exception);
        }
    }

    /// <summary>The conversation that asks for scores.</summary>
    public IReadOnlyList<ChatMessage> Score(string prompt, IReadOnlyList<string> tags) =>
        Fill(_score, prompt, $"[{string.Join(',', tags.Select(SceneGrammar.Quote))}]");

    /// <summary>The conversation that asks for entities.</summary>
    public IReadOnlyList<ChatMessage> Entities(string prompt) => Fill(_entities, prompt, "[]");

    private List<ChatMessage> Fill(IReadOnlyList<ChatMessage> messages, string prompt, string tags)
    {
        var last = messages[^1].Content.Replace("{tags}", tags, StringComparison.Ordinal).Replace("{prompt}", Clean(prompt), StringComparison.Ordinal);
        return [.. messages.SkipLast(1), messages[^1] with { Content = last }];
    }

    /// <summary>One line, without the opening of a control token, cut where the model was never trained.</summary>
    private string Clean(string prompt)
    {
        var words = Space().Replace(prompt, " ").Replace("<|", "", StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', words.Take(_maxWords));
    }

    private static SceneInstruction ReadGeneral()
    {
        using var stream = typeof(SceneInstruction).Assembly.GetManifestResourceStream("prompt-general.json")!;
        using var document = JsonDocument.Parse(stream);
        var messages = document.RootElement.GetProperty("messages");
        return new SceneInstruction(Messages("score"), Messages("entities"), document.RootElement.GetProperty("max_tokens").GetInt32(), GeneralPromptWords);

        IReadOnlyList<ChatMessage> Messages(string task) => [.. messages.GetProperty(task).EnumerateArray().Select(message => new ChatMessage(
            Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true), message.GetProperty("content").GetString()!))];
    }

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();
}
