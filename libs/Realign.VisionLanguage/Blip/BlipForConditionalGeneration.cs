// BLIP captioner (Li et al. 2022). Reference: transformers modeling_blip.py.
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Vision;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Blip;

/// <summary>Describes images and scores texts about them: ViT and a text decoder that looks at its vectors in every block.</summary>
public sealed class BlipForConditionalGeneration : nn.Module
{
    private readonly BlipVisionModel vision_model;
    private readonly BlipTextLMHeadModel text_decoder;

    /// <summary>A model without weights.</summary>
    public BlipForConditionalGeneration(BlipConfig config)
        : base(nameof(BlipForConditionalGeneration))
    {
        Config = config;
        vision_model = new BlipVisionModel(config.Vision);
        text_decoder = new BlipTextLMHeadModel(config.Text);
        RegisterComponents();
    }

    /// <summary>The config it was built from.</summary>
    public BlipConfig Config { get; }

    /// <summary>Vision tower; its output is what the decoder looks at.</summary>
    internal BlipVisionModel VisionModel => vision_model;

    /// <summary>Text decoder.</summary>
    internal BlipTextLMHeadModel Language => text_decoder;

    /// <summary>Keys of the published files.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key.EndsWith("position_ids", StringComparison.Ordinal) ? null : key,
        Tied = BlipTextLMHeadModel.TiedKeys("text_decoder."),
    };

    /// <summary>Loads a snapshot folder: <c>config.json</c> and <c>model*.safetensors</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static BlipForConditionalGeneration Load(string folder, TorchPlacement placement)
    {
        var config = BlipConfig.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        var model = new BlipForConditionalGeneration(config);
        try
        {
            StateDict.Load(model, weights, placement, Rules);
        }
        catch
        {
            model.Dispose();
            throw;
        }

        return model;
    }

    /// <summary>Describes one image.</summary>
    /// <param name="pixelValues">(1, 3, S, S) normalized pixels.</param>
    /// <param name="promptIds">[DEC] and the ids the text begins with; no end token.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Checked before every token.</param>
    internal IReadOnlyList<GeneratedText> Generate(
        Tensor pixelValues, IReadOnlyList<int> promptIds, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var decoder = text_decoder.Open(vision_model.forward(pixelValues), promptIds, options.MaxNewTokens);
        return TokenSearch.Run(decoder, options, cancellationToken);
    }

    /// <summary>Log-probability of every token of one text per image; see <see cref="BlipTextLMHeadModel.TokenLogProbabilities"/>.</summary>
    /// <param name="pixelValues">(B, 3, S, S) normalized pixels.</param>
    /// <param name="texts">B texts.</param>
    /// <returns>(B, longest text), float32, differentiable with respect to the pixels.</returns>
    internal Tensor TokenLogProbabilities(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return text_decoder.TokenLogProbabilities(vision_model.forward(pixelValues), texts).MoveToOuterDisposeScope();
    }
}
