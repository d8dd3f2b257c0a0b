// OPT with its language-modelling head. Reference: transformers modeling_opt.py and the OPT branch of modeling_blip_2.py.
using Realign.Torch.Layers;
using Realign.VisionLanguage.Generation;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Opt;

/// <summary>OPT. In BLIP-2 the projected queries of the image come first, then <c>&lt;/s&gt;</c>, then the text.</summary>
internal sealed class OPTForCausalLM : LanguageModel
{
    private readonly OPTConfig _config;
    private readonly OPTModel model;
    private readonly Linear lm_head;

    /// <summary>A model without weights.</summary>
    public OPTForCausalLM(OPTConfig config)
        : base(nameof(OPTForCausalLM))
    {
        _config = config;
        model = new OPTModel(config);
        lm_head = new Linear(config.WordEmbedProjDim, config.VocabSize, hasBias: false);
        RegisterComponents();
    }

    /// <summary>Keys that share one tensor and of which a file may hold either or both; none where the config says that the head is its own.</summary>
    public static IReadOnlyDictionary<string, string> TiedKeys(OPTConfig config, string prefix = "") => !config.TieWordEmbeddings
        ? new Dictionary<string, string>()
        : new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [$"{prefix}lm_head.weight"] = $"{prefix}model.decoder.embed_tokens.weight",
            [$"{prefix}model.decoder.embed_tokens.weight"] = $"{prefix}lm_head.weight",
        };

    /// <inheritdoc/>
    public override int InputWidth => _config.WordEmbedProjDim;

    /// <summary>Rows of the token table, (..., T) -> (..., T, E).</summary>
    public Tensor Embed(Tensor ids) => model.decoder.embed_tokens.forward(ids);

    /// <summary>Table of the token embeddings, (V, E).</summary>
    public Tensor EmbeddingTable => model.decoder.embed_tokens.weight;

    /// <summary>Final hidden states: (B, T, E) embeddings and (B, T) mask -> (B, T, E).</summary>
    public Tensor HiddenStates(Tensor inputsEmbeds, Tensor attentionMask, Action<string, Tensor>? trace = null)
    {
        TokenIds.CheckRoom((int)inputsEmbeds.shape[1], _config.MaxPositionEmbeddings);
        return model.decoder.forward(inputsEmbeds, attentionMask, trace);
    }

    /// <summary>Logits of the token after each position: (B, T, E) embeddings and (B, T) mask -> (B, T, V).</summary>
    public Tensor Logits(Tensor inputsEmbeds, Tensor attentionMask, Action<string, Tensor>? trace = null)
    {
        using var scope = NewDisposeScope();
        return lm_head.forward(HiddenStates(inputsEmbeds, attentionMask, trace)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Logits that predict each token of the texts after an image: (B, Q, E) queries, (B, T) ids and mask -> (B, T, V). The first
    /// token is predicted by the last query.
    /// </summary>
    public Tensor Logits(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        var (batch, queries, length) = (image.shape[0], image.shape[1], texts.Ids.shape[1]);
        var embeds = cat([image, Embed(texts.Ids)], 1);
        var mask = cat([ones(batch, queries, dtype: ScalarType.Int64, device: image.device), texts.Mask], 1);
        return lm_head.forward(HiddenStates(embeds, mask).narrow(1, queries - 1, length)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor TokenLogProbabilities(Tensor image, IReadOnlyList<TeacherForcedText> texts)
    {
        using var scope = NewDisposeScope();
        foreach (var text in texts)
            TokenIds.Check(text.Ids, _config.VocabSize);
        var batch = TokenBatch.Pad([.. texts.Select(text => text.Ids)], _config.PadTokenId, image.device);
        return Gather(Logits(image, batch), batch.Ids, batch.Mask).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override ITokenDecoder Open(Tensor image, IReadOnlyList<int> promptIds, int maxNewTokens)
    {
        TokenIds.Check(promptIds, _config.VocabSize);
        var read = (int)image.shape[1] + promptIds.Count;
        // the last new token is never read, so it needs no position
        TokenIds.CheckRoom(read, _config.MaxPositionEmbeddings);
        return new Decoder(this, image, promptIds, Math.Min(maxNewTokens, _config.MaxPositionEmbeddings - read + 1));
    }

    private sealed class Decoder(OPTForCausalLM model, Tensor image, IReadOnlyList<int> promptIds, int capacity) : ITokenDecoder
    {
        private readonly KeyValueCache _cache = new((int)image.shape[1] + promptIds.Count + capacity);

        public int EndTokenId => model._config.EosTokenId;

        public IReadOnlyList<int> ContextIds => promptIds;

        public int Capacity => capacity;

        public Tensor Start()
        {
            using var scope = NewDisposeScope();
            var embeds = promptIds.Count == 0 ? image
                : cat([image, model.Embed(tensor(promptIds.Select(id => (long)id).ToArray(), [1, promptIds.Count], device: image.device))], 1);
            return Head(embeds).MoveToOuterDisposeScope();
        }

        public Tensor Next(ReadOnlySpan<long> tokens)
        {
            using var scope = NewDisposeScope();
            return Head(model.Embed(tensor(tokens.ToArray(), [tokens.Length, 1], device: image.device))).MoveToOuterDisposeScope();
        }

        public void Reorder(ReadOnlySpan<long> parents) => _cache.Reorder(parents);

        public void Dispose() => _cache.Dispose();

        private Tensor Head(Tensor embeds) => model.lm_head.forward(model.model.decoder.forward(embeds, _cache).select(1, -1));
    }
}
