using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Safetensors;

namespace Realign.VisionLanguage.Captioning;

/// <summary>Which family a folder is of, and what its look-alikes are refused with.</summary>
public static class CaptionFamily
{
    private const string UseBlip2 = "use a BLIP-2 with the same kind of language model, e.g. Salesforce/blip2-flan-t5-xl or Salesforce/blip2-opt-2.7b";
    private const string UseConversion = "use its conversion for transformers, e.g. Salesforce/blip2-opt-2.7b (-coco), -flan-t5-xl or blip2-itm-vit-g";

    // what else a folder of the two families may be, and where it belongs
    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["BlipForConditionalGeneration"] = "set Captioner:Model to it",
        ["Blip2ForConditionalGeneration"] = "set Captioner:Model to it",
        ["BlipForImageTextRetrieval"] = "set Captioner:Retrieval to it",
        ["Blip2ForImageTextRetrieval"] = "set Captioner:Retrieval to it",
        ["BlipForQuestionAnswering"] = "it answers questions; use Salesforce/blip-image-captioning-base or a BLIP-2",
    };

    /// <summary>What a family that looks like these is, and what to use instead; null = nothing is known of it.</summary>
    /// <param name="modelType"><c>model_type</c> of its config.</param>
    public static (string Problem, string WayOut)? Find(string modelType)
    {
        ArgumentNullException.ThrowIfNull(modelType);
        return modelType switch
        {
            "instructblip" or "instructblipvideo" => ("InstructBLIP, whose Q-Former reads the instruction too", UseBlip2),
            _ when modelType.Contains("llava", StringComparison.Ordinal) => ("LLaVA, a chat model with a picture tower", UseBlip2),
            "blip_2_qformer" or "blip_2_vision_model" => ("a part of BLIP-2 without its language model", UseBlip2),
            "git" or "vision-encoder-decoder" or "kosmos-2" or "paligemma" => ("another kind of captioner", UseBlip2),
            _ => null,
        };
    }

    /// <summary>Whether keys are those of LAVIS, BLIP-2's first authors.</summary>
    public static bool IsLavis(IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.Keys.Any(key => key.StartsWith("Qformer.", StringComparison.Ordinal));
    }

    /// <summary>What such a file is refused with.</summary>
    public static ModelLoadException Lavis(string path) =>
        new(path, "it is BLIP-2 in the layout of its first authors (LAVIS), which is not loaded", UseConversion);

    /// <summary><c>blip-2</c> or <c>blip</c>.</summary>
    /// <param name="folder">Snapshot folder.</param>
    /// <param name="wanted">End of the class's name that is needed, e.g. <c>ForConditionalGeneration</c>.</param>
    /// <exception cref="ModelLoadException">It is of another family or class, which is named with the way out.</exception>
    internal static string Require(string folder, string wanted)
    {
        var path = Path.Combine(folder, "config.json");
        if (!ModelFile.Exists(path))
            CheckLavis(folder);
        var config = ConfigReader.Open(path);
        if (config.Has("model_type") && Find(config.Text("model_type")) is { } other)
        {
            throw new ModelLoadException(
                path, $"model_type = '{config.Text("model_type")}' is not implemented (known: blip-2, blip): it is {other.Problem}", other.WayOut);
        }

        var family = config.OneOf("model_type", "blip-2", "blip-2", "blip");
        config.ThrowIfAny();
        if (config.Texts("architectures").FirstOrDefault(name => Classes.ContainsKey(name) && !name.EndsWith(wanted, StringComparison.Ordinal)) is { } found)
            throw new ModelLoadException(path, $"it is a {found}, a Blip{(family == "blip" ? "" : "2")}{wanted} is needed", Classes[found]);
        return family;
    }

    private static void CheckLavis(string path)
    {
        var files = Directory.Exists(path) ? Directory.GetFiles(path) : File.Exists(path) ? [path] : [];
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(file);
            if (FileMistakes.IsPickleName(file) && name.StartsWith("blip2", StringComparison.OrdinalIgnoreCase))
            {
                throw new ModelLoadException(
                    path, $"{name} is a pickle of BLIP-2's first authors (LAVIS): it runs code when loaded and is refused", UseConversion);
            }

            if (!file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
                continue;
            using var weights = SafetensorsFile.Open(file);
            if (IsLavis(weights.Entries))
                throw Lavis(file);
        }
    }
}
