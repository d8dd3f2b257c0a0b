using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Diffusion.Vae;

/// <summary>Structure of an <see cref="AutoencoderKL"/>, from its <c>config.json</c>.</summary>
public sealed record AutoencoderKLConfig
{
    // what the published SD 1.x and 2.x configs leave out
    private const double DefaultScalingFactor = 0.18215;

    /// <summary>Image channels in.</summary>
    public required int InChannels { get; init; }

    /// <summary>Image channels out.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Latent channels.</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Channels per level of the encoder; the decoder goes back through them.</summary>
    public required IReadOnlyList<int> BlockOutChannels { get; init; }

    /// <summary>Residual blocks per encoder level; decoder levels have one more.</summary>
    public required int LayersPerBlock { get; init; }

    /// <summary>Groups of every group norm.</summary>
    public required int NormNumGroups { get; init; }

    /// <summary>Latents are multiplied by this before the UNet sees them.</summary>
    public required double ScalingFactor { get; init; }

    /// <summary>The weights overflow in float16: compute in float32.</summary>
    public required bool ForceUpcast { get; init; }

    /// <summary>Attention in the two middle blocks.</summary>
    public required bool MidBlockAddAttention { get; init; }

    /// <summary>1x1 convolution after the encoder.</summary>
    public required bool UseQuantConv { get; init; }

    /// <summary>1x1 convolution before the decoder.</summary>
    public required bool UsePostQuantConv { get; init; }

    /// <summary>Image pixels per latent, along each side.</summary>
    public int Factor => 1 << (BlockOutChannels.Count - 1);

    /// <summary>Reads <c>config.json</c>.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static AutoencoderKLConfig Load(string path) => Read(ConfigReader.Open(path));

    /// <summary>Reads the fields from an opened config.</summary>
    /// <exception cref="ModelLoadException">A field is missing or has a value that is not implemented; lists all.</exception>
    public static AutoencoderKLConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        _ = reader.OneOf("_class_name", nameof(AutoencoderKL), nameof(AutoencoderKL));
        _ = reader.OneOf("act_fn", "silu", "silu", "swish");
        reader.Only("shift_factor", "null");
        reader.Only("latents_mean", "null");
        reader.Only("latents_std", "null");
        var down = reader.Texts("down_block_types", "DownEncoderBlock2D");
        var up = reader.Texts("up_block_types", "UpDecoderBlock2D");
        var config = new AutoencoderKLConfig
        {
            InChannels = reader.Int("in_channels", 3, max: 64),
            OutChannels = reader.Int("out_channels", 3, max: 64),
            LatentChannels = reader.Int("latent_channels", 4, max: 1 << 10),
            BlockOutChannels = reader.Ints("block_out_channels", [64], max: 1 << 14),
            LayersPerBlock = reader.Int("layers_per_block", 1, max: 64),
            NormNumGroups = reader.Int("norm_num_groups", 32, max: 1 << 12),
            ScalingFactor = reader.Double("scaling_factor", DefaultScalingFactor, double.Epsilon, 1e6),
            ForceUpcast = reader.Bool("force_upcast", true),
            MidBlockAddAttention = reader.Bool("mid_block_add_attention", true),
            UseQuantConv = reader.Bool("use_quant_conv", true),
            UsePostQuantConv = reader.Bool("use_post_quant_conv", true),
        };
        var levels = config.BlockOutChannels.Count;
        if (levels is 0 or > 16 || down.Count != levels || up.Count != levels)
            reader.Problem($"block_out_channels, down_block_types and up_block_types have {levels}, {down.Count} and {up.Count} entries");
        foreach (var channels in config.BlockOutChannels.Where(channels => channels % config.NormNumGroups != 0))
            reader.Problem($"block_out_channels {channels} is not a multiple of norm_num_groups {config.NormNumGroups}");
        reader.ThrowIfAny();
        return config;
    }
}
