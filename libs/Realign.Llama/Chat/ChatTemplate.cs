using System.Text;
using System.Text.RegularExpressions;
using Realign.Core.Errors;

namespace Realign.Llama.Chat;

/// <summary>
/// Renders conversations as the published Jinja templates of seven formats do. llama.cpp's own renderer matches key words and prints
/// something near; models answer measurably worse to that. The result is a list of segments, so that control tokens typed by a user stay text.
/// </summary>
public sealed partial class ChatTemplate
{
    private const string VicunaSystem =
        "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's "
            + "questions.";

    private readonly string? _defaultSystem;

    /// <summary>A format by name.</summary>
    /// <param name="family">The format.</param>
    /// <param name="defaultSystem">ChatML only: the system text when a conversation has none, e.g. Qwen2's <c>You are a helpful assistant.</c>.</param>
    public ChatTemplate(ChatFamily family, string? defaultSystem = null)
    {
        Family = family;
        _defaultSystem = defaultSystem;
    }

    /// <summary>The format.</summary>
    public ChatFamily Family { get; }

    /// <summary>Texts that end an answer.</summary>
    public IReadOnlyList<string> Stop => Family switch
    {
        ChatFamily.Llama3 => ["<|eot_id|>", "<|end_of_text|>"],
        ChatFamily.ChatML => _defaultSystem is null ? ["<|im_end|>"] : ["<|im_end|>", "<|endoftext|>"],
        ChatFamily.Gemma or ChatFamily.Gemma3 => ["<end_of_turn>", "<eos>"],
        _ => ["</s>"],
    };

    /// <summary>Recognizes a format in a file's Jinja template.</summary>
    /// <param name="jinja">Value of <c>tokenizer.chat_template</c>; null = the file has none.</param>
    /// <returns>The format, or null when it is none of the known ones.</returns>
    public static ChatTemplate? TryDetect(string? jinja)
    {
        if (jinja is null)
            return null;
        if (Has("<|start_header_id|>"))
            return new ChatTemplate(ChatFamily.Llama3);
        if (Has("<|im_start|>"))
            return new ChatTemplate(ChatFamily.ChatML, DefaultSystem().Match(jinja) is { Success: true } match ? match.Groups["text"].Value : null);
        if (Has("<start_of_turn>"))
            return new ChatTemplate(jinja.Contains("System role not supported", StringComparison.OrdinalIgnoreCase) ? ChatFamily.Gemma : ChatFamily.Gemma3);
        if (Has("<<SYS>>"))
            return new ChatTemplate(ChatFamily.Llama2);
        return Has("USER:") && Has("ASSISTANT:") ? new ChatTemplate(ChatFamily.Vicuna) : null;

        bool Has(string text) => jinja.Contains(text, StringComparison.Ordinal);
    }

    /// <summary>Renders a conversation, begin-of-text included where the template prints it.</summary>
    /// <param name="messages">At least one; a system text only as the first.</param>
    /// <param name="addGenerationPrompt">Open the assistant's turn at the end.</param>
    /// <exception cref="InvalidInputException">The template refuses the order of roles, or a system text.</exception>
    public IReadOnlyList<ChatSegment> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        if (messages.Count == 0)
            throw Refused("no message", "send at least one");
        var writer = new SegmentWriter();
        switch (Family)
        {
            case ChatFamily.Vicuna:
                RenderVicuna(writer, messages, addGenerationPrompt);
                break;
            case ChatFamily.Llama2:
                RenderLlama2(writer, messages);
                break;
            case ChatFamily.Llama3:
                RenderLlama3(writer, messages, addGenerationPrompt);
                break;
            case ChatFamily.ChatML:
                RenderChatML(writer, messages, addGenerationPrompt);
                break;
            default:
                RenderGemma(writer, messages, addGenerationPrompt);
                break;
        }

        return writer.Finish();
    }

    private static void RenderVicuna(SegmentWriter writer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        writer.Control("<s>");
        writer.Text((messages[0].Role == ChatRole.System ? messages[0].Content : VicunaSystem) + " ");
        foreach (var message in messages)
        {
            if (message.Role == ChatRole.User)
            {
                writer.Text($"USER: {message.Content} ");
            }
            else if (message.Role == ChatRole.Assistant)
            {
                writer.Text($"ASSISTANT: {message.Content}");
                writer.Control("</s>");
            }
        }

        if (addGenerationPrompt)
            writer.Text("ASSISTANT:");
    }

    private static void RenderLlama2(SegmentWriter writer, IReadOnlyList<ChatMessage> messages)
    {
        var (system, turns) = Turns(messages);
        for (var i = 0; i < turns.Count; i++)
        {
            var content = i == 0 && system is not null ? $"<<SYS>>\n{system}\n<</SYS>>\n\n{turns[i].Content}" : turns[i].Content;
            if (turns[i].Role == ChatRole.User)
            {
                writer.Control("<s>");
                writer.Text($"[INST] {Trim(content)} [/INST]");
            }
            else
            {
                writer.Text($" {Trim(content)} ");
                writer.Control("</s>");
            }
        }
    }

    private static void RenderLlama3(SegmentWriter writer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        writer.Control("<|begin_of_text|>");
        foreach (var message in messages)
        {
            Header(Name(message.Role));
            writer.Text(Trim(message.Content));
            writer.Control("<|eot_id|>");
        }

        if (addGenerationPrompt)
            Header("assistant");

        void Header(string role)
        {
            writer.Control("<|start_header_id|>");
            writer.Text(role);
            writer.Control("<|end_header_id|>");
            writer.Text("\n\n");
        }
    }

    private void RenderChatML(SegmentWriter writer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        if (_defaultSystem is not null && messages[0].Role != ChatRole.System)
            Turn("system", _defaultSystem);
        foreach (var message in messages)
            Turn(Name(message.Role), message.Content);
        if (addGenerationPrompt)
        {
            writer.Control("<|im_start|>");
            writer.Text("assistant\n");
        }

        void Turn(string role, string content)
        {
            writer.Control("<|im_start|>");
            writer.Text($"{role}\n{content}");
            writer.Control("<|im_end|>");
            writer.Text("\n");
        }
    }

    private void RenderGemma(SegmentWriter writer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        if (Family == ChatFamily.Gemma && messages[0].Role == ChatRole.System)
            throw Refused("system role not supported", "put the instruction into the first user message");
        var (system, turns) = Turns(messages);
        writer.Control("<bos>");
        for (var i = 0; i < turns.Count; i++)
        {
            writer.Control("<start_of_turn>");
            writer.Text(turns[i].Role == ChatRole.Assistant ? "model\n" : "user\n");
            if (i == 0 && system is not null)
                writer.Text($"{system}\n\n");
            writer.Text(Trim(turns[i].Content));
            writer.Control("<end_of_turn>");
            writer.Text("\n");
        }

        if (addGenerationPrompt)
        {
            writer.Control("<start_of_turn>");
            writer.Text("model\n");
        }
    }

    /// <summary>System text and turns, which must alternate beginning with the user.</summary>
    private static (string? System, IReadOnlyList<ChatMessage> Turns) Turns(IReadOnlyList<ChatMessage> messages)
    {
        var system = messages[0].Role == ChatRole.System ? messages[0].Content : null;
        var turns = messages.Skip(system is null ? 0 : 1).ToList();
        for (var i = 0; i < turns.Count; i++)
        {
            if (turns[i].Role != (i % 2 == 0 ? ChatRole.User : ChatRole.Assistant))
                throw Refused("roles must alternate user, assistant, user, ...", "merge messages of one role");
        }

        return (system, turns);
    }

    private static string Name(ChatRole role) => role switch
    {
        ChatRole.System => "system",
        ChatRole.User => "user",
        _ => "assistant",
    };

    /// <summary>Trims what Jinja's trim does: Python's white space, which is .NET's and four separators.</summary>
    private static string Trim(string text)
    {
        var start = 0;
        var end = text.Length;
        while (start < end && IsSpace(text[start]))
            start++;
        while (end > start && IsSpace(text[end - 1]))
            end--;
        return text[start..end];

        static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';
    }

    private static InvalidInputException Refused(string problem, string wayOut) => new("messages", "conversation", problem, wayOut);

    [GeneratedRegex("""<\|im_start\|>system(?:\\n|\n)(?<text>[^<'"{}\\]+)<\|im_end\|>""", RegexOptions.CultureInvariant)]
    private static partial Regex DefaultSystem();

    private sealed class SegmentWriter
    {
        private readonly List<ChatSegment> _segments = [];
        private readonly StringBuilder _text = new();

        public void Text(string text) => _text.Append(text);

        public void Control(string token)
        {
            Flush();
            _segments.Add(new ChatSegment(token, true));
        }

        public List<ChatSegment> Finish()
        {
            Flush();
            return _segments;
        }

        private void Flush()
        {
            if (_text.Length > 0)
                _segments.Add(new ChatSegment(_text.ToString(), false));
            _ = _text.Clear();
        }
    }
}
