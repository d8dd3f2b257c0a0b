using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Errors;
using Realign.Llama.Chat;

namespace Realign.Conformance.Suites.Llm;

/// <summary>Exact renderings of the published chat formats, their recognition in a file, and their tokens.</summary>
internal sealed class ChatTemplateSuite : IConformanceSuite
{
    public string Folder => "llm";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var pack = LlmPack.Json(folder, "chat_templates.json");
        var conversations = pack.GetProperty("conversations").EnumerateArray()
            .ToDictionary(conversation => LlmPack.Text(conversation, "id"), conversation => Messages(conversation));
        foreach (var family in pack.GetProperty("families").EnumerateObject())
        {
            yield return new ConformanceCase($"chat_templates/{family.Name}/stop", context =>
                context.EqualSequence("stop", family.Value.GetProperty("stop").EnumerateArray().Select(stop => stop.GetString()), Template(family.Name).Stop));
        }

        foreach (var test in pack.GetProperty("cases").EnumerateArray())
        {
            var conversation = LlmPack.Text(test, "conversation");
            yield return new ConformanceCase($"chat_templates/{LlmPack.Text(test, "family")}/{conversation}",
                context => Render(context, test, conversations[conversation]));
        }

        foreach (var (model, name) in LlmPack.ModelFolders(folder))
        {
            foreach (var test in LlmPack.Json(folder, name, "chat_tokens.json").GetProperty("cases").EnumerateArray())
            {
                var file = Path.Combine(folder, name, LlmPack.Files(model).First());
                var conversation = LlmPack.Text(test, "conversation");
                var closed = !pack.GetProperty("conversations").EnumerateArray().First(item => LlmPack.Text(item, "id") == conversation)
                    .GetProperty("add_generation_prompt").GetBoolean();
                yield return new ConformanceCase($"chat_tokens/{name}/{conversation}",
                    context => Tokens(context, test, file, LlmPack.Text(model, "chat_family"), conversations[conversation], !closed));
            }
        }
    }

    private static void Render(CaseContext context, JsonElement test, List<ChatMessage> messages)
    {
        var template = Template(LlmPack.Text(test, "family"));
        var open = test.GetProperty("add_generation_prompt").GetBoolean();
        if (test.GetProperty("error").GetString() is { } error)
        {
            try
            {
                _ = template.Render(messages, open);
                context.Fail("it was rendered");
            }
            catch (InvalidInputException exception)
            {
                context.Equal("error", error, exception.Problem);
            }

            return;
        }

        var segments = template.Render(messages, open);
        context.Equal("text", LlmPack.Text(test, "text"), string.Concat(segments.Select(segment => segment.Text)));
        context.EqualSequence("segments",
            test.GetProperty("segments").EnumerateArray().Select(segment => (segment.GetProperty("control").GetBoolean(), LlmPack.Text(segment, "text"))),
            segments.Select(segment => (segment.IsControl, segment.Text)));
    }

    private static void Tokens(CaseContext context, JsonElement test, string file, string family, List<ChatMessage> messages, bool open)
    {
        var model = LlmPack.Load(file);
        context.Equal("recognised", Template(family).Family, model.Template?.Family);
        var segments = model.Template!.Render(messages, open);
        // where the original tokenizer normalizes the text, its ids are the ones to have
        var safe = test.TryGetProperty("ids_safe_transformers", out var normalized) ? normalized : test.GetProperty("ids_safe");
        context.EqualSequence("ids_safe", LlmPack.Ints(safe), ChatTokenizer.Tokenize(model.Vocabulary, segments));
        context.EqualSequence("ids_parse_special", LlmPack.Ints(test.GetProperty("ids_parse_special")),
            model.Vocabulary.Tokenize(LlmPack.Text(test, "text_without_bos"), addSpecial: true, parseSpecial: true));
    }

    private static List<ChatMessage> Messages(JsonElement conversation) =>
        [.. conversation.GetProperty("messages").EnumerateArray().Select(message => new ChatMessage(
            Enum.Parse<ChatRole>(LlmPack.Text(message, "role"), ignoreCase: true), LlmPack.Text(message, "content")))];

    private static ChatTemplate Template(string family) => family switch
    {
        "vicuna_v1.1" => new ChatTemplate(ChatFamily.Vicuna),
        "llama2" => new ChatTemplate(ChatFamily.Llama2),
        "llama3" => new ChatTemplate(ChatFamily.Llama3),
        "chatml" => new ChatTemplate(ChatFamily.ChatML),
        "chatml_qwen2" => new ChatTemplate(ChatFamily.ChatML, "You are a helpful assistant."),
        "gemma" => new ChatTemplate(ChatFamily.Gemma),
        "gemma3" => new ChatTemplate(ChatFamily.Gemma3),
        _ => throw new InvalidOperationException($"unknown chat family {family}"),
    };
}
