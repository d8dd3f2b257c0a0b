// BLIP-2 captioner (Li et al. 2023). Reference: transformers modeling_blip_2.py.
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Opt;
using Realign.VisionLanguage.QFormer;
using Realign.VisionLanguage.T5;
using Realign.VisionLanguage.Vision;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Blip2;

/// <summary>Describes images and scores texts about them: ViT, Q-Former, linear projection, language model.</summary>
public sealed class Blip2ForConditionalGeneration : nn.Module, IParameterOwner
{
    private Parameter query_tokens;
    private readonly BlipVisionModel vision_model;
    private readonly Blip2QFormerModel qformer;
    private readonly Linear language_projection;
    private readonly LanguageModel language_model;

    /// <summary>A model without weights.</summary>
    public Blip2ForConditionalGeneration(Blip2Config config)
        : base(nameof(Blip2ForConditionalGeneration))
    {
        Config = config;
        query_tokens = new Parameter(empty(1, config.NumQueryTokens, config.QFormer.HiddenSize, device: META), requires_grad: false);
        vision_model = new BlipVisionModel(config.Vision);
        qformer = new Blip2QFormerModel(config.QFormer);
        language_model = config.T5 is { } t5 ? new T5ForConditionalGeneration(t5) : new OPTForCausalLM(config.Opt!);
        language_projection = new Linear(config.QFormer.HiddenSize, language_model.InputWidth);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        query_tokens = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    /// <summary>The config it was built from.</summary>
    public Blip2Config Config { get; }

    /// <summary>Vision tower.</summary>
    internal BlipVisionModel VisionModel => vision_model;

    /// <summary>Language model: <see cref="OPTForCausalLM"/> or <see cref="T5ForConditionalGeneration"/>.</summary>
    internal LanguageModel Language => language_model;

    /// <summary>Keys of the published files.</summary>
    public static KeyRules Rules(Blip2Config config) => new()
    {
        Rename = static key => key.EndsWith("position_ids", StringComparison.Ordinal) ? null : key,
        Tied = config.T5 is { } t5 ? T5ForConditionalGeneration.TiedKeys(t5, "language_model.") : OPTForCausalLM.TiedKeys(config.Opt!, "language_model."),
    };

    /// <summary>Loads a snapshot folder: <c>config.json</c> and <c>model*.safetensors</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static Blip2ForConditionalGeneration Load(string folder, TorchPlacement placement)
    {
        var config = Blip2Config.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        var model = new Blip2ForConditionalGeneration(config);
        try
        {
            StateDict.Load(model, weights, placement, Rules(config));
        }
        catch
        {
            model.Dispose();
            throw;
        }

        return model;
    }

    /// <summary>(B, 3, S, S) normalized pixels -> (B, Q, C) Q-Former output.</summary>
    internal Tensor QueryImage(Tensor pixelValues, Action<string, Tensor>? trace = null)
    {
        using var scope = NewDisposeScope();
        var image = vision_model.forward(pixelValues, trace is null ? null : (name, value) => trace($"vision_model.{name}", value));
        return qformer.forward(query_tokens.expand(pixelValues.shape[0], -1, -1), query_tokens.shape[1], image, null,
            trace is null ? null : (name, value) => trace($"qformer.{name}", value)).MoveToOuterDisposeScope();
    }

    /// <summary>(B, Q, C) Q-Former output -> (B, Q, E) input of the language model.</summary>
    internal Tensor Project(Tensor queryOutput) => language_projection.forward(queryOutput);

    /// <summary>(B, 3, S, S) normalized pixels -> (B, Q, E) input of the language model.</summary>
    internal Tensor EncodeImage(Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        return Project(QueryImage(pixelValues)).MoveToOuterDisposeScope();
    }

    /// <summary>Describes one image.</summary>
    /// <param name="pixelValues">(1, 3, S, S) normalized pixels.</param>
    /// <param name="promptIds">Ids the text begins with, special tokens included.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Checked before every token.</param>
    internal IReadOnlyList<GeneratedText> Generate(
        Tensor pixelValues, IReadOnlyList<int> promptIds, GenerationOptions options, CancellationToken cancellationToken)
    {
        using var scope = NewDisposeScope();
        using var grad = no_grad();
        using var decoder = language_model.Open(EncodeImage(pixelValues), promptIds, options.MaxNewTokens);
        return TokenSearch.Run(decoder, options, cancellationToken);
    }

    /// <summary>Log-probability of every token of one text per image; see <see cref="LanguageModel.TokenLogProbabilities"/>.</summary>
    /// <param name="pixelValues">(B, 3, S, S) normalized pixels.</param>
    /// <param name="texts">B texts.</param>
    /// <returns>(B, longest text), float32, differentiable with respect to the pixels.</returns>
    internal Tensor TokenLogProbabilities(Tensor pixelValues, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        return language_model.TokenLogProbabilities(EncodeImage(pixelValues), texts).MoveToOuterDisposeScope();
    }
}
