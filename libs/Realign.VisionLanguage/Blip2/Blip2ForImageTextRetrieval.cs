// BLIP-2 retrieval model (Li et al. 2023). Reference: transformers modeling_blip_2.py.
using Realign.Rewards.Tensors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.QFormer;
using Realign.VisionLanguage.Vision;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Realign.Torch.Layers.Embedding;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.VisionLanguage.Blip2;

/// <summary>Compares images and texts: contrastive features (ITC, also f_enc of the caption reward) and matching (ITM).</summary>
public sealed class Blip2ForImageTextRetrieval : nn.Module, IParameterOwner
{
    private Parameter query_tokens;
    private readonly BlipVisionModel vision_model;
    private readonly Blip2TextEmbeddings embeddings;
    private readonly Blip2QFormerModel qformer;
    private readonly Linear vision_projection;
    private readonly Linear text_projection;
    private readonly Linear itm_head;

    /// <summary>A model without weights.</summary>
    public Blip2ForImageTextRetrieval(Blip2Config config)
        : base(nameof(Blip2ForImageTextRetrieval))
    {
        // configs of this class do not always say so, but its Q-Former reads texts
        config = config with { QFormer = config.QFormer with { UseQformerTextInput = true } };
        Config = config;
        query_tokens = new Parameter(empty(1, config.NumQueryTokens, config.QFormer.HiddenSize, device: META), requires_grad: false);
        vision_model = new BlipVisionModel(config.Vision);
        embeddings = new Blip2TextEmbeddings(config.QFormer);
        qformer = new Blip2QFormerModel(config.QFormer);
        vision_projection = new Linear(config.QFormer.HiddenSize, config.ImageTextHiddenSize);
        text_projection = new Linear(config.QFormer.HiddenSize, config.ImageTextHiddenSize);
        itm_head = new Linear(config.QFormer.HiddenSize, 2);
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

    /// <summary>Keys of the published files.</summary>
    public static KeyRules Rules { get; } = new()
    {
        Rename = static key => key.EndsWith("position_ids", StringComparison.Ordinal) ? null : key,
    };

    /// <summary>Loads a snapshot folder: <c>config.json</c> and <c>model*.safetensors</c>.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">Lists everything that does not fit.</exception>
    public static Blip2ForImageTextRetrieval Load(string folder, TorchPlacement placement)
    {
        var config = Blip2Config.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        var model = new Blip2ForImageTextRetrieval(config);
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

    /// <summary>(B, 3, S, S) normalized pixels -> (B, P, E) image vectors.</summary>
    internal Tensor EncodeImage(Tensor pixelValues) => vision_model.forward(pixelValues);

    /// <summary>(B, P, E) image vectors -> (B, Q, C) queries that have read the image.</summary>
    internal Tensor QueryImage(Tensor image) => qformer.forward(query_tokens.expand(image.shape[0], -1, -1), image);

    /// <summary>(B, P, E) image vectors -> (B, Q, D) contrastive features, rows of length 1.</summary>
    internal Tensor ImageFeatures(Tensor image)
    {
        using var scope = NewDisposeScope();
        return FeatureCosine.Normalize(vision_projection.forward(QueryImage(image))).MoveToOuterDisposeScope();
    }

    /// <summary>Texts alone: ids and mask (B, T) -> hidden states (B, T, C).</summary>
    internal Tensor TextStates(TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        Check(texts);
        return qformer.forward(embeddings.forward(texts.Ids), 0, null, texts.Mask, null).MoveToOuterDisposeScope();
    }

    /// <summary>Text features f_enc, (B, D), rows of length 1: the first token's state, projected.</summary>
    internal Tensor TextFeatures(TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return FeatureCosine.Normalize(text_projection.forward(TextStates(texts).select(1, 0))).MoveToOuterDisposeScope();
    }

    /// <summary>Queries and text together: (B, P, E) image vectors and (B, T) texts -> (B, Q + T, C).</summary>
    internal Tensor MatchingStates(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        Check(texts);
        var queries = query_tokens.expand(image.shape[0], -1, -1);
        var mask = cat([ones(queries.shape[0], queries.shape[1], dtype: ScalarType.Int64, device: image.device), texts.Mask], 1);
        return qformer.forward(cat([queries, embeddings.forward(texts.Ids)], 1), queries.shape[1], image, mask, null).MoveToOuterDisposeScope();
    }

    /// <summary>ITM logits (B, 2), mean over the queries; index 1 = match.</summary>
    internal Tensor MatchingLogits(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        var states = MatchingStates(image, texts).narrow(1, 0, query_tokens.shape[1]);
        return itm_head.forward(states).mean([1]).MoveToOuterDisposeScope();
    }

    /// <summary>ITM: probability of a match, (B), computed in float32.</summary>
    internal Tensor MatchingScore(Tensor image, TokenBatch texts)
    {
        using var scope = NewDisposeScope();
        return MatchingLogits(image, texts).to(ScalarType.Float32).softmax(-1).select(1, 1).MoveToOuterDisposeScope();
    }

    private void Check(TokenBatch texts) => TokenIds.Check(texts, Config.QFormer.VocabSize, Config.QFormer.MaxPositionEmbeddings);
}

internal sealed class Blip2TextEmbeddings : nn.Module<Tensor, Tensor>
{
    private readonly Embedding word_embeddings;
    private readonly Embedding position_embeddings;

    public Blip2TextEmbeddings(Blip2QFormerConfig config)
        : base(nameof(Blip2TextEmbeddings))
    {
        word_embeddings = new Embedding(config.VocabSize, config.HiddenSize);
        position_embeddings = new Embedding(config.MaxPositionEmbeddings, config.HiddenSize);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return word_embeddings.forward(input).add(position_embeddings.weight.narrow(0, 0, input.shape[1])).MoveToOuterDisposeScope();
    }
}
