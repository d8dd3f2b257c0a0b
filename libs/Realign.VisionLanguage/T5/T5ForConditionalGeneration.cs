// T5 with its language-modelling head. Reference: transformers modeling_t5.py and the T5 branch of modeling_blip_2.py.
using Realign.Torch;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.T5;

/// <summary>T5. In BLIP-2 its encoder reads the projected queries of the image, then the prompt; the decoder writes the text.</summary>
internal sealed class T5ForConditionalGeneration : LanguageModel
{
    private readonly T5Config _config;
    private readonly Embedding shared;
    private readonly T5Stack encoder;
    private readonly T5Stack decoder;
    private readonly Linear lm_head;

    /// <summary>A model without weights.</summary>
    public T5ForConditionalGeneration(T5Config config)
        : base(nameof(T5ForConditionalGeneration))
    {
        _config = config;
        shared = new Embedding(config.VocabSize, config.DModel);
        encoder = new T5Stack(config, isDecoder: false);
        decoder = new T5Stack(config, isDecoder: true);
        lm_head = new Linear(config.DModel, config.VocabSize, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override int InputWidth => _config.DModel;

    /// <summary>Keys that share one tensor and that a file may lack.</summary>
    public static IReadOnlyDictionary<string, string> TiedKeys(T5Config config, string prefix = "")
    {
        var tied = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [$"{prefix}encoder.embed_tokens.weight"] = $"{prefix}shared.weight",
            [$"{prefix}decoder.embed_tokens.weight"] = $"{prefix}shared.weight",
        };
        if (config.TieWordEmbeddings)
            tied.Add($"{prefix}lm_head.weight", $"{prefix}shared.weight");
        return tied;
    }

    /// <summary>Learned position bias of the encoder or decoder, (1, H, T, T).</summary>
    public Tensor PositionBias(bool ofDecoder, long length) => (ofDecoder ? decoder : encoder).PositionBias(length, shared.weight.device);

    /// <summary>Reads image and prompts: (B, Q, C) queries, (B, P) ids and mask -> states (B, Q + P, C) and their mask.</summary>
    public (Tensor States, Tensor Mask) Encode(Tensor image, TokenBatch prompts, Action<string, Tensor>? trace = null)
    {
        using var scope = NewDisposeScope();
        var mask = cat([ones(image.shape[0], image.shape[1], dtype: ScalarType.Int64, device: image.device), prompts.Mask], 1);
        var states = encoder.forward(cat([image, shared.forward(prompts.Ids)], 1), mask, null, null,
            trace is null ? null : (name, value) => trace($"encoder.{name}", value));
        return (states.MoveToOuterDisposeScope(), mask.MoveToOuterDisposeScope());
    }

    /// <summary>Logits that predict each label: encoder states and mask, (B, T) labels -> (B, T, V).</summary>
    public Tensor Logits(Tensor states, Tensor mask, TokenBatch labels, Action<string, Tensor>? trace = null)
    {
        using var scope = NewDisposeScope();
        var (batch, length) = (labels.Ids.shape[0], labels.Ids.shape[1]);
        // the decoder reads the labels one place later, after its start token
        var starts = full([batch, 1], Scalars.Of(_config.DecoderStartTokenId), dtype: ScalarType.Int64, device: states.device);
        var inputs = cat([starts, labels.Ids.narrow(1, 0, length - 1)], 1);
        var output = decoder.forward(shared.forward(inputs), ones_like(inputs), states, mask,
            trace is null ? null : (name, value) => trace($"decoder.{name}", value));
        return Head(output).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor TokenLogProbabilities(Tensor image, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        foreach (var text in texts)
            TokenIds.Check(text.PromptIds.Concat(text.Ids), _config.VocabSize);
        var prompts = TokenBatch.Pad([.. texts.Select(text => text.PromptIds)], _config.PadTokenId, image.device);
        var labels = TokenBatch.Pad([.. texts.Select(text => text.Ids)], _config.PadTokenId, image.device);
        var (states, mask) = Encode(image, prompts);
        return Gather(Logits(states, mask, labels), labels.Ids, labels.Mask).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override ITokenDecoder Open(Tensor image, IReadOnlyList<int> promptIds, int maxNewTokens)
    {
        TokenIds.Check(promptIds, _config.VocabSize);
        using var scope = NewDisposeScope();
        var (states, _) = Encode(image, TokenBatch.Pad([promptIds], _config.PadTokenId, image.device));
        return new Decoder(this, states.DetachFromDisposeScope(), maxNewTokens);
    }

    private Tensor Head(Tensor output) =>
        // only tied heads are scaled: T5 1.0; Flan-T5 has a head of its own
        lm_head.forward(_config.ScaleDecoderOutputs ? output.mul(Scalars.Of(1 / Math.Sqrt(_config.DModel))) : output);

    private sealed class Decoder(T5ForConditionalGeneration model, Tensor states, int capacity) : ITokenDecoder
    {
        private readonly KeyValueCache _cache = new(capacity);

        public int EndTokenId => model._config.EosTokenId;

        public IReadOnlyList<int> ContextIds { get; } = [model._config.DecoderStartTokenId];

        public int Capacity => capacity;

        public Tensor Start() => Next([model._config.DecoderStartTokenId]);

        public Tensor Next(ReadOnlySpan<long> tokens)
        {
            using var scope = NewDisposeScope();
            var embeds = model.shared.forward(tensor(tokens.ToArray(), [tokens.Length, 1], device: states.device));
            return model.Head(model.decoder.forward(embeds, states, _cache).select(1, -1)).MoveToOuterDisposeScope();
        }

        public void Reorder(ReadOnlySpan<long> parents) => _cache.Reorder(parents);

        public void Dispose()
        {
            _cache.Dispose();
            states.Dispose();
        }
    }
}
