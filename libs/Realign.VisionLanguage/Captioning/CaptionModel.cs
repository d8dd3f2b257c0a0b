using Realign.Torch;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Captioning;

/// <summary>What BLIP and BLIP-2 captioners are asked for alike: the model with the tokenizer it was published with.</summary>
internal abstract class CaptionModel : IDisposable
{
    /// <summary>Family for answers, e.g. <c>blip-2</c>.</summary>
    public abstract string Family { get; }

    /// <summary>Side of the square input in pixels.</summary>
    public abstract int ImageSize { get; }

    /// <summary>Loads a snapshot folder of either family; <c>model_type</c> in its config decides.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static CaptionModel Open(string folder, TorchPlacement placement) =>
        CaptionFamily.Require(folder, "ForConditionalGeneration") == "blip"
            ? BlipCaptionModel.Load(folder, placement)
            : Blip2CaptionModel.Load(folder, placement);

    /// <summary>Texts that continue a prompt about one image, (1, 3, S, S).</summary>
    /// <exception cref="Core.Errors.InvalidInputException">The prompt leaves no room.</exception>
    public abstract (int NumPromptTokens, IReadOnlyList<GeneratedText> Texts) Generate(
        Tensor pixelValues, string prompt, GenerationOptions options, CancellationToken cancellationToken);

    /// <summary>Text of generated ids without special tokens.</summary>
    public abstract string Decode(IReadOnlyList<int> ids);

    /// <summary>Ids of a prompt, which of them are scored, and what did not fit.</summary>
    /// <exception cref="Core.Errors.InvalidInputException">Nothing of it is left to score.</exception>
    public abstract PreparedPrompt Prepare(string prompt);

    /// <summary>(B, 3, S, S) normalized pixels and B prepared prompts -> (B) nats per token, at most 0; differentiable.</summary>
    public abstract Tensor Score(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts);

    /// <inheritdoc/>
    public abstract void Dispose();
}
