// Caption decoder of BLIP: its text model with BERT's prediction head. Reference: transformers modeling_blip_text.py.
using Realign.Torch.Weights;
using Realign.VisionLanguage.Generation;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;
using LayerNorm = Realign.Torch.Layers.LayerNorm;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Blip;

/// <summary>Writes captions. Prompts begin with [DEC], or [CLS] where the published code leaves it there.</summary>
internal sealed class BlipTextLMHeadModel : LanguageModel
{
    private readonly BlipTextConfig _config;
    private readonly BlipTextModel bert;
    private readonly BlipTextOnlyMLMHead cls;

    /// <summary>A model without weights.</summary>
    public BlipTextLMHeadModel(BlipTextConfig config)
        : base(nameof(BlipTextLMHeadModel))
    {
        _config = config;
        bert = new BlipTextModel(config);
        cls = new BlipTextOnlyMLMHead(config);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int InputWidth => _config.EncoderHiddenSize;

    /// <summary>Keys that share one tensor and of which a file may hold either or both.</summary>
    public static IReadOnlyDictionary<string, string> TiedKeys(string prefix = "") => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [$"{prefix}cls.predictions.decoder.weight"] = $"{prefix}bert.embeddings.word_embeddings.weight",
        [$"{prefix}bert.embeddings.word_embeddings.weight"] = $"{prefix}cls.predictions.decoder.weight",
        [$"{prefix}cls.predictions.decoder.bias"] = $"{prefix}cls.predictions.bias",
        [$"{prefix}cls.predictions.bias"] = $"{prefix}cls.predictions.decoder.bias",
    };

    /// <summary>Logits of the token after each position: image (B, P, E), ids and mask (B, T) -> (B, T, V).</summary>
    public Tensor Logits(Tensor image, TokenBatch texts, Action<string, Tensor>? trace = null)
    {
        using var scope = NewDisposeScope();
        var states = bert.Decode(texts, image, trace is null ? null : (name, value) => trace($"bert.{name}", value));
        return cls.forward(states).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <remarks>The prompt of each text is the one id it starts with.</remarks>
    public override Tensor TokenLogProbabilities(Tensor image, IReadOnlyList<TeacherForcedText> texts)
    {
        if (texts.Any(text => text.PromptIds.Count != 1))
            throw new ArgumentException("a text starts with exactly one id; what follows belongs to its ids", nameof(texts));
        using var scope = NewDisposeScope();
        var batch = TokenBatch.Pad([.. texts.Select(text => (IReadOnlyList<int>)[.. text.PromptIds, .. text.Ids])], _config.PadTokenId, image.device);
        var length = batch.Ids.shape[1] - 1;
        var logits = Logits(image, batch).narrow(1, 0, length);
        return Gather(logits, batch.Ids.narrow(1, 1, length), batch.Mask.narrow(1, 1, length)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override ITokenDecoder Open(Tensor image, IReadOnlyList<int> promptIds, int maxNewTokens)
    {
        TokenIds.Check(promptIds, _config.VocabSize);
        // the last new token is never read, so it needs no position
        TokenIds.CheckRoom(promptIds.Count, _config.MaxPositionEmbeddings);
        return new Decoder(this, image, promptIds, Math.Min(maxNewTokens, _config.MaxPositionEmbeddings - promptIds.Count + 1));
    }

    private sealed class Decoder(BlipTextLMHeadModel model, Tensor image, IReadOnlyList<int> promptIds, int capacity) : ITokenDecoder
    {
        private readonly KeyValueCache _cache = new(promptIds.Count + capacity);

        public int EndTokenId => model._config.SepTokenId;

        public IReadOnlyList<int> ContextIds => promptIds;

        public int Capacity => capacity;

        public Tensor Start() => Read([.. promptIds.Select(id => (long)id)], 1);

        public Tensor Next(ReadOnlySpan<long> tokens) => Read(tokens.ToArray(), tokens.Length);

        public void Reorder(ReadOnlySpan<long> parents) => _cache.Reorder(parents);

        public void Dispose() => _cache.Dispose();

        private Tensor Read(long[] ids, int rows)
        {
            using var scope = NewDisposeScope();
            var states = model.bert.Decode(tensor(ids, [rows, ids.Length / rows], device: image.device), image, _cache);
            return model.cls.forward(states.select(1, -1)).MoveToOuterDisposeScope();
        }
    }
}

internal sealed class BlipTextOnlyMLMHead : nn.Module<Tensor, Tensor>
{
    private readonly BlipTextLMPredictionHead predictions;

    public BlipTextOnlyMLMHead(BlipTextConfig config)
        : base(nameof(BlipTextOnlyMLMHead))
    {
        predictions = new BlipTextLMPredictionHead(config);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => predictions.forward(input);
}

internal sealed class BlipTextLMPredictionHead : nn.Module<Tensor, Tensor>, IParameterOwner
{
    private readonly BlipTextPredictionHeadTransform transform;
    private readonly Linear decoder;
    private Parameter bias;

    public BlipTextLMPredictionHead(BlipTextConfig config)
        : base(nameof(BlipTextLMPredictionHead))
    {
        transform = new BlipTextPredictionHeadTransform(config);
        decoder = new Linear(config.HiddenSize, config.VocabSize);
        // the decoder's own bias, which files hold under both names
        bias = new Parameter(empty(config.VocabSize, device: META), requires_grad: false);
        RegisterComponents();
    }

    void IParameterOwner.Place(string name, Parameter parameter)
    {
        bias = parameter;
        ConditionallyRegisterParameter(name, parameter);
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return decoder.forward(transform.forward(input)).MoveToOuterDisposeScope();
    }
}

internal sealed class BlipTextPredictionHeadTransform : nn.Module<Tensor, Tensor>
{
    private readonly Linear dense;
    private readonly LayerNorm LayerNorm;

    public BlipTextPredictionHeadTransform(BlipTextConfig config)
        : base(nameof(BlipTextPredictionHeadTransform))
    {
        dense = new Linear(config.HiddenSize, config.HiddenSize);
        LayerNorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return LayerNorm.forward(F.gelu(dense.forward(input))).MoveToOuterDisposeScope();
    }
}
