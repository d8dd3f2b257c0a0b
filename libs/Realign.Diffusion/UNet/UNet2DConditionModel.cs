using Realign.Core.Errors;
using Realign.Diffusion.Attention;
using Realign.Diffusion.Layers;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Realign.Diffusion.UNet;

/// <summary>The denoiser of Stable Diffusion 1.x, 2.x and XL (Rombach et al. 2022; Podell et al. 2023). Differentiable.</summary>
/// <remarks>Not thread-safe. Built without storage: <c>Load</c> or <see cref="StateDict.Load"/> gives it weights.</remarks>
public sealed class UNet2DConditionModel : nn.Module
{
    private static readonly Scalar Two = Scalars.Of(2);
    private static readonly Scalar One = Scalars.Of(1);
    private readonly Conv2d conv_in;
    private readonly TimestepEmbedding time_embedding;
    private readonly TimestepEmbedding? add_embedding;
    private readonly ModuleList<DownBlock2D> down_blocks;
    private readonly UNetMidBlock2DCrossAttn mid_block;
    private readonly ModuleList<UpBlock2D> up_blocks;
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;

    /// <summary>A model of the given structure, on the meta device.</summary>
    public UNet2DConditionModel(UNet2DConditionConfig config)
        : base(nameof(UNet2DConditionModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        var outer = config.BlockOutChannels[0];
        conv_in = new Conv2d(config.InChannels, outer, 3, padding: 1);
        time_embedding = new TimestepEmbedding(outer, config.TimeEmbedDim, config.TimeCondProjDim);
        if (config.AddedInputDim is { } added)
            add_embedding = new TimestepEmbedding(added, config.TimeEmbedDim);
        down_blocks = new ModuleList<DownBlock2D>([.. Enumerable.Range(0, config.BlockOutChannels.Count).Select(i => Down(config, i))]);
        var inner = config.BlockOutChannels.Count - 1;
        mid_block = new UNetMidBlock2DCrossAttn(Resnet(config, config.BlockOutChannels[inner], config.BlockOutChannels[inner]), Transformer(config, inner));
        up_blocks = new ModuleList<UpBlock2D>([.. Enumerable.Range(0, config.BlockOutChannels.Count).Select(i => Up(config, i))]);
        conv_norm_out = new GroupNorm(config.NormNumGroups, outer, config.NormEps);
        conv_out = new Conv2d(outer, config.OutChannels, 3, padding: 1);
        RegisterComponents();
    }

    /// <summary>Structure.</summary>
    public UNet2DConditionConfig Config { get; }

    /// <summary>Whether guidance was distilled into the model (LCM): it takes the guidance weight as an input and no negative prompt.</summary>
    public bool IsDistilled => Config.TimeCondProjDim is not null;

    /// <summary>Opens a <c>unet</c> folder.</summary>
    /// <param name="folder">Holds <c>config.json</c> and <c>diffusion_pytorch_model[.variant].safetensors</c> or shards.</param>
    /// <param name="placement">Device and type.</param>
    /// <param name="variant">For example <c>fp16</c>; null for the plain file.</param>
    /// <exception cref="ModelLoadException">Config or weights do not fit; lists every problem.</exception>
    public static UNet2DConditionModel Load(string folder, TorchPlacement placement, string? variant = null)
    {
        var config = UNet2DConditionConfig.Load(Path.Combine(folder, "config.json"));
        using var weights = SafetensorsSet.OpenFolder(folder, "diffusion_pytorch_model", variant);
        return Load(config, weights, placement);
    }

    /// <summary>A denoiser with weights from anywhere.</summary>
    /// <param name="config">Structure.</param>
    /// <param name="weights">Opened files; stay the caller's.</param>
    /// <param name="placement">Device and type.</param>
    /// <exception cref="ModelLoadException">The weights do not fit; lists every problem.</exception>
    public static UNet2DConditionModel Load(UNet2DConditionConfig config, SafetensorsSet weights, TorchPlacement placement)
    {
        var model = new UNet2DConditionModel(config);
        try
        {
            StateDict.Load(model, weights, placement);
            model.eval();
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Predicts noise (or velocity) for noisy latents.</summary>
    /// <param name="sample">(B, InChannels, h, w), any h and w.</param>
    /// <param name="timestep">One time for all or one per sample; int64 or floating point.</param>
    /// <param name="encoderHiddenStates">Text states (B, T, CrossAttentionDim).</param>
    /// <param name="added">Required by XL structures, forbidden by others.</param>
    /// <param name="attention">Takes over attention at the sites it handles; null = fused kernel everywhere.</param>
    /// <param name="guidance">Distilled models only: the guidance weight w to imitate; null = the model is not told.</param>
    /// <param name="cancellation">Looked at after each module, and inside attention.</param>
    /// <returns>(B, OutChannels, h, w)</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor forward(
        Tensor sample, Tensor timestep, Tensor encoderHiddenStates, AddedConditions? added = null,
        IAttentionProcessor? attention = null, double? guidance = null, CancellationToken cancellation = default) =>
        forward(sample, timestep, encoderHiddenStates, observer: null, added, attention, guidance, cancellation);

    /// <summary>
    /// The same; <paramref name="observer"/> sees the output of each module under its path and must not keep it. Golden data hold these outputs, and
    /// only the pass itself, with its skips and its order, can be compared with them.
    /// </summary>
    internal Tensor forward(
        Tensor sample, Tensor timestep, Tensor encoderHiddenStates, Action<string, Tensor>? observer, AddedConditions? added = null,
        IAttentionProcessor? attention = null, double? guidance = null, CancellationToken cancellation = default)
    {
        // gradients reach the keys of this pass only
        using var text = new TextKeys(encoderHiddenStates, isKept: false);
        return forward(sample, timestep, text, added, attention, guidance, cancellation, observer);
    }

    /// <summary>The same for the text of a run, whose keys and values are kept from one step to the next.</summary>
    internal Tensor forward(
        Tensor sample, Tensor timestep, TextKeys text, AddedConditions? added, IAttentionProcessor? attention, double? guidance,
        CancellationToken cancellation, Action<string, Tensor>? observer = null)
    {
        Check(sample, timestep, text.States, added);
        if (guidance is not null && !IsDistilled)
            throw new ArgumentException("this model takes no guidance weight", nameof(guidance));
        using var scope = NewDisposeScope();
        var pass = new UNetPass(text, F.silu(EmbedTime(sample, timestep, added, guidance, observer)), attention, observer, cancellation);
        if (Config.CenterInputSample)
            sample = sample.mul(Two).sub(One);
        var hidden = pass.Show("conv_in", conv_in.forward(ChannelsLast.Of(sample), cancellation));
        var skips = new Stack<Tensor>([hidden]);
        foreach (var block in down_blocks)
            hidden = block.forward(hidden, pass, skips);
        hidden = mid_block.forward(hidden, pass);
        foreach (var block in up_blocks)
            hidden = block.forward(hidden, pass, skips);
        hidden = pass.Show("conv_norm_out", conv_norm_out.forward(hidden));
        return conv_out.forward(F.silu(hidden), cancellation).MoveToOuterDisposeScope();
    }

    private Tensor EmbedTime(Tensor sample, Tensor timestep, AddedConditions? added, double? guidance, Action<string, Tensor>? observer)
    {
        using var scope = NewDisposeScope();
        var batch = sample.shape[0];
        var features = TimestepEmbedding.Features(timestep.to(sample.device).flatten().expand(batch), Config.BlockOutChannels[0], Config.FlipSinToCos,
            Config.FreqShift);
        observer?.Invoke("time_proj", features);
        var condition = guidance is { } weight ? TimestepEmbedding.GuidanceFeatures(weight, Config.TimeCondProjDim!.Value, sample.device).to(sample.dtype)
            : null;
        var embedded = time_embedding.forward(features.to(sample.dtype), condition);
        observer?.Invoke("time_embedding", embedded);
        if (add_embedding is null || added is null)
            return embedded.MoveToOuterDisposeScope();
        var ids = TimestepEmbedding.Features(added.TimeIds.flatten(), Config.AdditionTimeEmbedDim!.Value, Config.FlipSinToCos, Config.FreqShift);
        observer?.Invoke("add_time_proj", ids);
        var conditions = add_embedding.forward(cat([added.TextEmbeds, ids.view(batch, -1).to(added.TextEmbeds.dtype)], 1).to(sample.dtype));
        observer?.Invoke("add_embedding", conditions);
        return embedded.add(conditions).MoveToOuterDisposeScope();
    }

    private void Check(Tensor sample, Tensor timestep, Tensor context, AddedConditions? added)
    {
        if (sample.dim() != 4 || sample.shape[1] != Config.InChannels || sample.numel() == 0)
            throw new ArgumentException($"expected (B, {Config.InChannels}, h, w), got [{string.Join(", ", sample.shape)}]", nameof(sample));
        if (timestep.numel() != 1 && timestep.numel() != sample.shape[0])
            throw new ArgumentException($"expected 1 or {sample.shape[0]} times, got {timestep.numel()}", nameof(timestep));
        if (context.dim() != 3 || context.shape[0] != sample.shape[0] || context.shape[2] != Config.CrossAttentionDim)
            throw new ArgumentException($"expected ({sample.shape[0]}, T, {Config.CrossAttentionDim}), got [{string.Join(", ", context.shape)}]",
                nameof(context));
        if (add_embedding is null != added is null)
            throw new ArgumentException(added is null ? "this model needs added conditions" : "this model takes no added conditions", nameof(added));
        if (added is null)
            return;
        var width = added.TextEmbeds.shape[^1] + (added.TimeIds.shape[^1] * Config.AdditionTimeEmbedDim!.Value);
        if (added.TextEmbeds.shape[0] != sample.shape[0] || added.TimeIds.shape[0] != sample.shape[0] || width != Config.AddedInputDim)
        {
            var (text, ids) = (string.Join(", ", added.TextEmbeds.shape), string.Join(", ", added.TimeIds.shape));
            throw new ArgumentException(
                $"text [{text}] and ids [{ids}] are {width} numbers of {sample.shape[0]} samples, expected {Config.AddedInputDim}", nameof(added));
        }
    }

    private static DownBlock2D Down(UNet2DConditionConfig config, int level)
    {
        var channels = config.BlockOutChannels[level];
        var input = config.BlockOutChannels[Math.Max(level - 1, 0)];
        var layers = Enumerable.Range(0, config.LayersPerBlock[level]).Select(i => Resnet(config, i == 0 ? input : channels, channels)).ToList();
        var transformer = config.DownAttention[level] ? Transformer(config, level) : null;
        return new DownBlock2D($"down_blocks.{level}", layers, transformer, level < config.BlockOutChannels.Count - 1);
    }

    private static UpBlock2D Up(UNet2DConditionConfig config, int index)
    {
        var level = config.BlockOutChannels.Count - 1 - index;
        var channels = config.BlockOutChannels[level];
        var previous = config.BlockOutChannels[Math.Min(level + 1, config.BlockOutChannels.Count - 1)];
        var lastSkip = config.BlockOutChannels[Math.Max(level - 1, 0)];
        var count = config.LayersPerBlock[level] + 1;
        var layers = Enumerable.Range(0, count)
            .Select(i => Resnet(config, (i == 0 ? previous : channels) + (i == count - 1 ? lastSkip : channels), channels))
            .ToList();
        return new UpBlock2D($"up_blocks.{index}", layers, config.UpAttention[index] ? Transformer(config, level) : null, level > 0);
    }

    private static ResnetShape Resnet(UNet2DConditionConfig config, int input, int output) =>
        new(input, output, config.TimeEmbedDim, config.NormNumGroups, config.NormEps);

    private static TransformerShape Transformer(UNet2DConditionConfig config, int level) => new(
        config.BlockOutChannels[level], config.CrossAttentionDim, config.AttentionHeads[level], config.TransformerLayersPerBlock[level],
        config.UseLinearProjection, config.UpcastAttention, config.NormNumGroups);
}
