using Realign.Core.Text;
using Realign.Diffusion.UNet;

namespace Realign.Diffusion.Checkpoints;

/// <summary>
/// Names of the denoiser's parts in the first authors' layout (CompVis/stable-diffusion, <c>openaimodel.py</c>), which counts blocks through.
/// </summary>
internal sealed class UNetKeys
{
    private static readonly Dictionary<string, string> Residual = new(StringComparer.Ordinal)
    {
        ["in_layers.0"] = "norm1",
        ["in_layers.2"] = "conv1",
        ["emb_layers.1"] = "time_emb_proj",
        ["out_layers.0"] = "norm2",
        ["out_layers.3"] = "conv2",
        ["skip_connection"] = "conv_shortcut",
    };

    // what a block is called here and there; a residual block has names of its own inside
    private readonly Dictionary<string, (string Target, bool IsResidual)> _blocks = new(StringComparer.Ordinal);

    public UNetKeys(UNet2DConditionConfig config)
    {
        foreach (var (original, target) in new[]
        {
            ("time_embed.0", "time_embedding.linear_1"), ("time_embed.2", "time_embedding.linear_2"), ("label_emb.0.0", "add_embedding.linear_1"),
            ("label_emb.0.2", "add_embedding.linear_2"), ("input_blocks.0.0", "conv_in"), ("out.0", "conv_norm_out"), ("out.2", "conv_out"),
            ("middle_block.1", "mid_block.attentions.0"),
        })
        {
            _blocks[original] = (target, false);
        }

        _blocks["middle_block.0"] = ("mid_block.resnets.0", true);
        _blocks["middle_block.2"] = ("mid_block.resnets.1", true);
        AddDown(config);
        AddUp(config);
    }

    /// <summary>The module's key of a key without <c>model.diffusion_model.</c>; null = it has none.</summary>
    public string? Find(string key)
    {
        var parts = key.Split('.');
        for (var length = Math.Min(parts.Length - 1, 4); length > 0; length--)
        {
            if (!_blocks.TryGetValue(string.Join('.', parts[..length]), out var block))
                continue;
            var rest = string.Join('.', parts[length..]);
            if (!block.IsResidual)
                return $"{block.Target}.{rest}";
            foreach (var (original, target) in Residual)
            {
                if (rest.StartsWith(original + ".", StringComparison.Ordinal))
                    return $"{block.Target}.{target}{rest[original.Length..]}";
            }

            return null;
        }

        return null;
    }

    /// <summary>What a key without a parameter probably was meant to be; null = nothing is near.</summary>
    public string? Nearest(string key)
    {
        var dot = key.LastIndexOf('.');
        var names = _blocks.Where(block => block.Value.IsResidual).SelectMany(block => Residual.Keys.Select(inner => $"{block.Key}.{inner}"))
            .Concat(_blocks.Where(block => !block.Value.IsResidual).Select(block => block.Key));
        return dot > 0 && NearestName.Of(key[..dot], names) is { } name ? name + key[dot..] : null;
    }

    private void AddDown(UNet2DConditionConfig config)
    {
        var block = 1;
        for (var level = 0; level < config.BlockOutChannels.Count; level++)
        {
            for (var layer = 0; layer < config.LayersPerBlock[level]; layer++, block++)
            {
                _blocks[$"input_blocks.{block}.0"] = ($"down_blocks.{level}.resnets.{layer}", true);
                if (config.DownAttention[level])
                    _blocks[$"input_blocks.{block}.1"] = ($"down_blocks.{level}.attentions.{layer}", false);
            }

            if (level + 1 < config.BlockOutChannels.Count)
                _blocks[$"input_blocks.{block++}.0.op"] = ($"down_blocks.{level}.downsamplers.0.conv", false);
        }
    }

    private void AddUp(UNet2DConditionConfig config)
    {
        var block = 0;
        var levels = config.BlockOutChannels.Count;
        for (var level = 0; level < levels; level++)
        {
            for (var layer = 0; layer <= config.LayersPerBlock[levels - 1 - level]; layer++, block++)
            {
                _blocks[$"output_blocks.{block}.0"] = ($"up_blocks.{level}.resnets.{layer}", true);
                if (config.UpAttention[level])
                    _blocks[$"output_blocks.{block}.1"] = ($"up_blocks.{level}.attentions.{layer}", false);
            }

            // behind the attention, where there is one
            if (level + 1 < levels)
                _blocks[$"output_blocks.{block - 1}.{(config.UpAttention[level] ? 2 : 1)}.conv"] = ($"up_blocks.{level}.upsamplers.0.conv", false);
        }
    }
}
