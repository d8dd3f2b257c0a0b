// Q-Former of BLIP-2 (Li et al. 2023). Reference: transformers modeling_blip_2.py.
using Realign.VisionLanguage.Bert;
using TorchSharp.Modules;
using static TorchSharp.torch;
using LayerNorm = Realign.Torch.Layers.LayerNorm;

namespace Realign.VisionLanguage.QFormer;

/// <summary>Learned queries that read an image, a text, or both together. Keys are those of <c>qformer</c>.</summary>
internal sealed class Blip2QFormerModel : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly LayerNorm layernorm;
    private readonly Blip2QFormerEncoder encoder;

    /// <summary>A Q-Former without weights.</summary>
    public Blip2QFormerModel(Blip2QFormerConfig config)
        : base(nameof(Blip2QFormerModel))
    {
        layernorm = new LayerNorm(config.HiddenSize, config.LayerNormEps);
        encoder = new Blip2QFormerEncoder(config);
        RegisterComponents();
    }

    /// <summary>Queries alone: (B, Q, C) and image (B, P, E) -> (B, Q, C).</summary>
    public override Tensor forward(Tensor queries, Tensor image) => forward(queries, queries.shape[1], image, null, null);

    /// <summary>Queries followed by a text.</summary>
    /// <param name="embeds">(B, Q + T, C) before the first layer norm.</param>
    /// <param name="queryLength">Q; 0 = text only.</param>
    /// <param name="image">(B, P, E); null only without queries.</param>
    /// <param name="attentionMask">(B, Q + T) of 1 = read, 0 = padding; null = read all.</param>
    /// <param name="trace">Sees the output of every part under its module name.</param>
    /// <returns>(B, Q + T, C)</returns>
    public Tensor forward(Tensor embeds, long queryLength, Tensor? image, Tensor? attentionMask, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = layernorm.forward(embeds);
        trace?.Invoke("layernorm", states);
        var mask = attentionMask is null ? null : AttentionMasks.FromPadding(attentionMask, states.dtype);
        return encoder.forward(states, queryLength, image, mask, trace).MoveToOuterDisposeScope();
    }
}

internal sealed class Blip2QFormerEncoder : nn.Module
{
    private readonly ModuleList<Blip2QFormerLayer> layer = [];

    public Blip2QFormerEncoder(Blip2QFormerConfig config)
        : base(nameof(Blip2QFormerEncoder))
    {
        for (var i = 0; i < config.NumHiddenLayers; i++)
            layer.Add(new Blip2QFormerLayer(config, hasCrossAttention: i % config.CrossAttentionFrequency == 0));
        RegisterComponents();
    }

    public Tensor forward(Tensor input, long queryLength, Tensor? image, Tensor? mask, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        var states = input;
        for (var i = 0; i < layer.Count; i++)
        {
            states = layer[i].forward(states, queryLength, image, mask);
            trace?.Invoke($"encoder.layer.{i}", states);
        }

        return states.MoveToOuterDisposeScope();
    }
}

internal sealed class Blip2QFormerLayer : nn.Module
{
    private readonly Blip2QFormerAttention attention;
    private readonly Blip2QFormerAttention? crossattention;
    private readonly BertIntermediate? intermediate;
    private readonly BertSelfOutput? output;
    private readonly BertIntermediate intermediate_query;
    private readonly BertSelfOutput output_query;

    public Blip2QFormerLayer(Blip2QFormerConfig config, bool hasCrossAttention)
        : base(nameof(Blip2QFormerLayer))
    {
        attention = new Blip2QFormerAttention(config, config.HiddenSize);
        if (hasCrossAttention)
            crossattention = new Blip2QFormerAttention(config, config.EncoderHiddenSize);
        if (config.UseQformerTextInput)
        {
            intermediate = new BertIntermediate(config.HiddenSize, config.IntermediateSize);
            output = new BertSelfOutput(config.IntermediateSize, config.HiddenSize, config.LayerNormEps);
        }

        intermediate_query = new BertIntermediate(config.HiddenSize, config.IntermediateSize);
        output_query = new BertSelfOutput(config.IntermediateSize, config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public Tensor forward(Tensor input, long queryLength, Tensor? image, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var states = attention.forward(input, input, mask);
        var textLength = states.shape[1] - queryLength;
        if (queryLength == 0)
            return TextBlock(states).MoveToOuterDisposeScope();
        var queries = textLength == 0 ? states : states.narrow(1, 0, queryLength);
        if (crossattention is not null)
        {
            if (image is null)
                throw new ArgumentException("queries need an image", nameof(image));
            queries = crossattention.forward(queries, image, null);
        }

        queries = output_query.forward(intermediate_query.forward(queries), queries);
        return (textLength == 0 ? queries : cat([queries, TextBlock(states.narrow(1, queryLength, textLength))], 1)).MoveToOuterDisposeScope();
    }

    private Tensor TextBlock(Tensor states) =>
        intermediate is null || output is null
            ? throw new InvalidOperationException("this Q-Former has no text branch")
            : output.forward(intermediate.forward(states), states);
}

internal sealed class Blip2QFormerAttention : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly BertSelfAttention attention;
    private readonly BertSelfOutput output;

    public Blip2QFormerAttention(Blip2QFormerConfig config, long keyValueSize)
        : base(nameof(Blip2QFormerAttention))
    {
        attention = new BertSelfAttention(config.HiddenSize, config.NumAttentionHeads, keyValueSize);
        output = new BertSelfOutput(config.HiddenSize, config.HiddenSize, config.LayerNormEps);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor source, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return output.forward(attention.forward(input, source, mask), input).MoveToOuterDisposeScope();
    }
}
