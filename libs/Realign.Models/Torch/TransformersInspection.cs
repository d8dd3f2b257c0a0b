using System.Text.Json;
using Realign.Clip;
using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Blip;
using Realign.VisionLanguage.Blip2;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Images;

namespace Realign.Models.Torch;

/// <summary>A folder with one model and its <c>config.json</c>.</summary>
internal static class TransformersInspection
{
    public static ModelReport Run(string folder)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var license = LicenseFile.Find(folder);
        var findings = new Findings();
        var config = findings.Try(() => ConfigReader.Open(Path.Combine(folder, "config.json")));
        var className = config is null ? "" : ClassName(Path.Combine(folder, "config.json"));
        if (config is null || !Architecture.Classes.Contains(className))
        {
            if (config is not null)
                Refuse(config, className, findings);
            return new ModelReport
            {
                Path = folder,
                Kind = ModelKind.Unknown,
                Description = className.Length > 0 ? className : "not recognized",
                Problems = findings.Problems,
                WaysOut = findings.WaysOut,
                License = license,
            };
        }

        var (kind, description) = Describe(className, folder);
        var isOfDiffusers = kind == ModelKind.DiffusionComponent && !className.StartsWith("CLIP", StringComparison.Ordinal);
        var parts = ComponentInspection.Run(name, folder, className, isOfDiffusers ? "diffusion_pytorch_model" : "model");
        if (parts.All(part => part.Parameters > 0))
            CheckCompanions(folder, className, findings);
        return new ModelReport
        {
            Path = folder,
            Kind = kind,
            Description = description,
            Facts = Versions(Path.Combine(folder, "config.json")),
            Parts = parts,
            Problems = findings.Problems,
            WaysOut = findings.WaysOut,
            MemoryBytes = Findings.TorchMemory(parts),
            License = license,
        };
    }

    /// <summary>Libraries that wrote a config, as far as it says.</summary>
    public static IReadOnlyList<string> Versions(string configPath)
    {
        using var document = StrictJson.Parse(ModelText.Read(configPath));
        return [.. new[] { ("_diffusers_version", "diffusers"), ("transformers_version", "transformers") }
            .Where(field => document.RootElement.TryGetProperty(field.Item1, out var value) && value.ValueKind == JsonValueKind.String)
            .Select(field => $"written by {field.Item2} {document.RootElement.GetProperty(field.Item1).GetString()}")];
    }

    private static string ClassName(string configPath)
    {
        var root = ConfigReader.Open(configPath);
        if (root.Has("_class_name"))
            return root.Text("_class_name");
        using var document = StrictJson.Parse(ModelText.Read(configPath));
        return document.RootElement.TryGetProperty("architectures", out var names) && names.ValueKind == JsonValueKind.Array && names.GetArrayLength() > 0
            ? names[0].ToString()
            : root.Text("model_type", "");
    }

    // a look-alike of a family that is loaded has a name and a way out
    private static void Refuse(ConfigReader config, string className, Findings findings)
    {
        var problem = $"config.json: class '{className}' is not implemented (known: {string.Join(", ", Architecture.Classes)})";
        if (CaptionFamily.Find(config.Text("model_type", "")) is { } other)
            findings.Add(new ModelLoadException(config.Path, $"{problem}: it is {other.Problem}", other.WayOut), withFileName: false);
        else
            findings.Add(problem);
    }

    // the tuned ones have CLIP's structure: only their names tell them
    private static (ModelKind Kind, string Description) Describe(string className, string folder) => className switch
    {
        nameof(CLIPModel) when IsNamed(folder, "PickScore") => (ModelKind.Clip, "PickScore (CLIP)"),
        nameof(CLIPModel) when IsNamed(folder, "HPS") => (ModelKind.Clip, "HPS v2 (CLIP)"),
        nameof(CLIPModel) => (ModelKind.Clip, "CLIP"),
        nameof(Blip2ForConditionalGeneration) => (ModelKind.Blip2, "BLIP-2 captioner"),
        nameof(Blip2ForImageTextRetrieval) => (ModelKind.Blip2, "BLIP-2 retrieval model (ITC, ITM)"),
        nameof(BlipForConditionalGeneration) => (ModelKind.Blip, "BLIP captioner"),
        nameof(BlipForImageTextRetrieval) => (ModelKind.Blip, "BLIP retrieval model (ITC, ITM)"),
        nameof(UNet2DConditionModel) => (ModelKind.DiffusionComponent, "UNet of a Stable Diffusion snapshot"),
        nameof(AutoencoderKL) => (ModelKind.DiffusionComponent, "autoencoder of a Stable Diffusion snapshot"),
        nameof(CLIPTextModel) or nameof(CLIPTextModelWithProjection) => (ModelKind.DiffusionComponent, "text encoder of a Stable Diffusion snapshot"),
        _ => (ModelKind.Unknown, className),
    };

    // tokenizer and image processor, which a service loads together with the weights
    private static void CheckCompanions(string folder, string className, Findings findings)
    {
        var configPath = Path.Combine(folder, "config.json");
        switch (className)
        {
            case nameof(CLIPModel):
                var clip = CLIPConfig.Load(configPath);
                // rewards stand in for files that are not published with them
                var isReward = IsNamed(folder, "PickScore") || IsNamed(folder, "HPS");
                var tokenizer = findings.Try(() => isReward ? ClipTokenizer.LoadOrPublished(folder) : ClipTokenizer.Load(folder));
                CheckVocabulary(tokenizer?.VocabularySize, clip.Text.VocabSize, findings);
                if (!isReward || ModelFile.Exists(Path.Combine(folder, "preprocessor_config.json")))
                    _ = findings.Try(() => ModelImages.Load(folder, clip.Vision.ImageSize, TorchPlacement.Cpu));
                break;
            case nameof(Blip2ForConditionalGeneration):
                var captioner = Blip2Config.Load(configPath);
                if (captioner.Opt is { } opt)
                    CheckVocabulary(findings.Try(() => Gpt2Tokenizer.Load(folder))?.VocabularySize, opt.VocabSize, findings);
                else
                    CheckVocabulary(findings.Try(() => T5Tokenizer.Load(folder))?.VocabularySize, captioner.T5!.VocabSize, findings);
                _ = findings.Try(() => ModelImages.Load(folder, captioner.Vision.ImageSize, TorchPlacement.Cpu));
                break;
            case nameof(Blip2ForImageTextRetrieval):
                var retrieval = Blip2Config.Load(configPath);
                CheckVocabulary(findings.Try(() => BertTokenizer.Load(folder))?.VocabularySize, retrieval.QFormer.VocabSize, findings);
                _ = findings.Try(() => ModelImages.Load(folder, retrieval.Vision.ImageSize, TorchPlacement.Cpu));
                break;
            case nameof(BlipForConditionalGeneration) or nameof(BlipForImageTextRetrieval):
                var blip = BlipConfig.Load(configPath);
                CheckVocabulary(findings.Try(() => BertTokenizer.Load(folder))?.VocabularySize, blip.Text.VocabSize, findings);
                _ = findings.Try(() => ModelImages.Load(folder, blip.Vision.ImageSize, TorchPlacement.Cpu));
                break;
            default:
                break;
        }
    }

    // also inside a cache, as models--yuvalkirstain--PickScore_v1/snapshots/REVISION
    private static bool IsNamed(string folder, string name) =>
        Path.GetFullPath(folder).Split(Path.DirectorySeparatorChar).TakeLast(3).Any(part => part.Contains(name, StringComparison.OrdinalIgnoreCase));

    private static void CheckVocabulary(int? tokenizer, int model, Findings findings)
    {
        if (tokenizer > model)
            findings.Add($"the tokenizer has {tokenizer} ids, the model {model}: they belong to different models");
    }
}
