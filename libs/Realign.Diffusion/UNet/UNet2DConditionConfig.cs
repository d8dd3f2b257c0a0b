using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Diffusion.UNet;

/// <summary>Structure of a <see cref="UNet2DConditionModel"/>, from its <c>config.json</c>. Lists have one entry per level of the down path.</summary>
public sealed record UNet2DConditionConfig
{
    /// <summary>Side of the latents the model was trained on.</summary>
    public required int SampleSize { get; init; }

    /// <summary>Channels of the noisy latents.</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels of the prediction.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Whether each down level has attention.</summary>
    public required IReadOnlyList<bool> DownAttention { get; init; }

    /// <summary>Whether each up level has attention, from the innermost outwards.</summary>
    public required IReadOnlyList<bool> UpAttention { get; init; }

    /// <summary>Channels per level.</summary>
    public required IReadOnlyList<int> BlockOutChannels { get; init; }

    /// <summary>Residual blocks per down level; up levels have one more.</summary>
    public required IReadOnlyList<int> LayersPerBlock { get; init; }

    /// <summary>Transformer blocks per attention layer; the entry of a level without attention is not used.</summary>
    public required IReadOnlyList<int> TransformerLayersPerBlock { get; init; }

    /// <summary>Heads per level. Published files call this <c>attention_head_dim</c>, but it is the number of heads.</summary>
    public required IReadOnlyList<int> AttentionHeads { get; init; }

    /// <summary>Width of the text states.</summary>
    public required int CrossAttentionDim { get; init; }

    /// <summary>Linear layers instead of 1x1 convolutions around the transformer blocks.</summary>
    public required bool UseLinearProjection { get; init; }

    /// <summary>Attention logits in float32 whatever the model's type.</summary>
    public required bool UpcastAttention { get; init; }

    /// <summary>Groups of every group norm.</summary>
    public required int NormNumGroups { get; init; }

    /// <summary>Epsilon of the group norms outside the transformers.</summary>
    public required double NormEps { get; init; }

    /// <summary>Cosines before sines in the time features.</summary>
    public required bool FlipSinToCos { get; init; }

    /// <summary>Shift in the frequencies of the time features.</summary>
    public required double FreqShift { get; init; }

    /// <summary>Maps the input x to 2x - 1 first.</summary>
    public required bool CenterInputSample { get; init; }

    /// <summary>Features per time id (XL); null without added conditions.</summary>
    public required int? AdditionTimeEmbedDim { get; init; }

    /// <summary>Width of pooled text and time features together (XL); null without added conditions.</summary>
    public required int? AddedInputDim { get; init; }

    /// <summary>Features of the guidance weight, which distilled models (LCM) are told instead of a negative prompt; null in all others.</summary>
    public required int? TimeCondProjDim { get; init; }

    /// <summary>Whether it sees a mask and a masked picture beside the noisy latents: an inpainting model (Rombach et al. 2022, section 4.5).</summary>
    public bool TakesMaskedPicture => InChannels == (2 * OutChannels) + 1;

    /// <summary>Width of the time embedding.</summary>
    public int TimeEmbedDim => BlockOutChannels[0] * 4;

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static UNet2DConditionConfig Load(string path) => Read(ConfigReader.Open(path));

    /// <summary>Reads the fields from an opened config.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static UNet2DConditionConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        RejectUnknownFeatures(reader);
        var channels = reader.Ints("block_out_channels", [320, 640, 1280, 1280], max: 1 << 14);
        IReadOnlyList<int> PerLevel(string name, int fallback, int max)
        {
            var values = reader.Ints(name, [fallback], max: max);
            if (values.Count == 1)
                return [.. Enumerable.Repeat(values[0], channels.Count)];
            if (values.Count != channels.Count)
                reader.Problem($"{name} has {values.Count} entries for {channels.Count} levels");
            return values;
        }

        var isXl = reader.OneOf("addition_embed_type", "none", "none", "text_time") == "text_time";
        var config = new UNet2DConditionConfig
        {
            SampleSize = reader.Int("sample_size", 64, max: 1 << 14),
            InChannels = reader.Int("in_channels", 4, max: 1 << 10),
            OutChannels = reader.Int("out_channels", 4, max: 1 << 10),
            DownAttention = [.. reader.Texts("down_block_types", "DownBlock2D", "CrossAttnDownBlock2D").Select(type => type == "CrossAttnDownBlock2D")],
            UpAttention = [.. reader.Texts("up_block_types", "UpBlock2D", "CrossAttnUpBlock2D").Select(type => type == "CrossAttnUpBlock2D")],
            BlockOutChannels = channels,
            LayersPerBlock = PerLevel("layers_per_block", 2, 64),
            TransformerLayersPerBlock = PerLevel("transformer_layers_per_block", 1, 256),
            AttentionHeads = PerLevel("attention_head_dim", 8, 1 << 10),
            CrossAttentionDim = reader.Int("cross_attention_dim", 1280, max: 1 << 16),
            UseLinearProjection = reader.Bool("use_linear_projection", false),
            UpcastAttention = reader.Bool("upcast_attention", false),
            NormNumGroups = reader.Int("norm_num_groups", 32, max: 1 << 12),
            NormEps = reader.Double("norm_eps", 1e-5, 0, 1),
            FlipSinToCos = reader.Bool("flip_sin_to_cos", true),
            FreqShift = reader.Double("freq_shift", 0, 0, 1),
            CenterInputSample = reader.Bool("center_input_sample", false),
            AdditionTimeEmbedDim = isXl ? reader.Int("addition_time_embed_dim", max: 1 << 14) : null,
            AddedInputDim = isXl ? reader.Int("projection_class_embeddings_input_dim", max: 1 << 16) : null,
            TimeCondProjDim = reader.Has("time_cond_proj_dim") ? reader.Int("time_cond_proj_dim", min: 4, max: 1 << 14) : null,
        };
        CheckDivisions(reader, config);
        reader.ThrowIfAny();
        return config;
    }

    private static void CheckDivisions(ConfigReader reader, UNet2DConditionConfig config)
    {
        var levels = config.BlockOutChannels.Count;
        if (levels == 0 || config.DownAttention.Count != levels || config.UpAttention.Count != levels)
            reader.Problem($"block_out_channels, down_block_types and up_block_types have {levels}, {config.DownAttention.Count} and "
                + $"{config.UpAttention.Count} entries");
        foreach (var (channels, heads) in config.BlockOutChannels.Zip(config.AttentionHeads))
        {
            if (channels % config.NormNumGroups != 0)
                reader.Problem($"block_out_channels {channels} is not a multiple of norm_num_groups {config.NormNumGroups}");
            if (channels % heads != 0)
                reader.Problem($"block_out_channels {channels} is not a multiple of its number of heads {heads} (attention_head_dim)");
        }

        if (levels > 0 && config.BlockOutChannels[0] % 2 != 0)
            reader.Problem($"block_out_channels[0] = {config.BlockOutChannels[0]} is odd, time features come in pairs");
        if (config.TimeCondProjDim is { } condition && condition % 2 != 0)
            reader.Problem($"time_cond_proj_dim {condition} is odd, its features come in pairs");
        if (config.AdditionTimeEmbedDim is { } added && (added % 2 != 0 || config.AddedInputDim <= 5 * added))
            reader.Problem($"projection_class_embeddings_input_dim {config.AddedInputDim} does not hold five times addition_time_embed_dim {added} and "
                + $"the text");
    }

    private static void RejectUnknownFeatures(ConfigReader reader)
    {
        _ = reader.OneOf("_class_name", nameof(UNet2DConditionModel), nameof(UNet2DConditionModel));
        _ = reader.OneOf("act_fn", "silu", "silu", "swish");
        _ = reader.OneOf("mid_block_type", "UNetMidBlock2DCrossAttn", "UNetMidBlock2DCrossAttn");
        _ = reader.OneOf("time_embedding_type", "positional", "positional");
        _ = reader.OneOf("resnet_time_scale_shift", "default", "default");
        _ = reader.OneOf("attention_type", "default", "default");
        foreach (var name in new[]
        {
            "only_cross_attention", "dual_cross_attention", "class_embeddings_concat", "resnet_skip_time_act", "mid_block_only_cross_attention",
        })
        {
            reader.Only(name, "false");
        }

        foreach (var name in new[]
        {
            "num_attention_heads", "class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type",
            "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act", "cross_attention_norm", "reverse_transformer_layers_per_block",
        })
        {
            reader.Only(name, "null");
        }

        reader.Only("downsample_padding", "1");
        reader.Only("mid_block_scale_factor", "1");
        reader.Only("resnet_out_scale_factor", "1");
        reader.Only("conv_in_kernel", "3");
        reader.Only("conv_out_kernel", "3");
        reader.Only("dropout", "0");
    }
}
