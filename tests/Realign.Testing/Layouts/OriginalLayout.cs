using Realign.Safetensors;

namespace Realign.Testing.Layouts;

/// <summary>
/// Writes the parts of a snapshot under the names of Stable Diffusion's first authors, by the replacements of diffusers'
/// <c>convert_diffusers_to_original_stable_diffusion.py</c> and <c>convert_diffusers_to_original_sdxl.py</c>.
/// </summary>
public static class OriginalLayout
{
    private static readonly (string Original, string Snapshot)[] Residual =
    [
        ("in_layers.0.", "norm1."), ("in_layers.2.", "conv1."), ("out_layers.0.", "norm2."), ("out_layers.3.", "conv2."),
        ("emb_layers.1.", "time_emb_proj."), ("skip_connection.", "conv_shortcut."),
    ];

    private static readonly (string Original, string Snapshot)[] OpenClipText =
    [
        ("transformer.resblocks.", "text_model.encoder.layers."), (".ln_1.", ".layer_norm1."), (".ln_2.", ".layer_norm2."),
        (".mlp.c_fc.", ".mlp.fc1."), (".mlp.c_proj.", ".mlp.fc2."), (".attn.out_proj.", ".self_attn.out_proj."),
        ("token_embedding.weight", "text_model.embeddings.token_embedding.weight"),
        ("positional_embedding", "text_model.embeddings.position_embedding.weight"), ("ln_final.", "text_model.final_layer_norm."),
    ];

    /// <summary>Tensors of a weight file.</summary>
    public static IReadOnlyList<LayoutTensor> Read(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return [.. file.Entries.Values.Select(entry => new LayoutTensor(entry.Name, entry.DType, entry.Shape, file.Bytes(entry.Name)))];
    }

    /// <summary>A denoiser.</summary>
    /// <param name="tensors">Under a snapshot's names.</param>
    /// <param name="levels">Resolutions.</param>
    /// <param name="layers">Residual blocks per level.</param>
    public static IEnumerable<LayoutTensor> UNet(IReadOnlyList<LayoutTensor> tensors, int levels, int layers)
    {
        bool IsInUp(int level) => tensors.Any(tensor => tensor.Name.StartsWith($"up_blocks.{level}.attentions.", StringComparison.Ordinal));
        var map = new List<(string Original, string Snapshot)>
        {
            ("time_embed.0.", "time_embedding.linear_1."), ("time_embed.2.", "time_embedding.linear_2."), ("label_emb.0.0.", "add_embedding.linear_1."),
            ("label_emb.0.2.", "add_embedding.linear_2."), ("input_blocks.0.0.", "conv_in."), ("out.0.", "conv_norm_out."), ("out.2.", "conv_out."),
            ("middle_block.1.", "mid_block.attentions.0."), ("middle_block.0.", "mid_block.resnets.0."), ("middle_block.2.", "mid_block.resnets.1."),
        };
        var step = layers + 1;
        for (var level = 0; level < levels; level++)
        {
            for (var layer = 0; layer < layers; layer++)
            {
                map.Add(($"input_blocks.{(step * level) + layer + 1}.0.", $"down_blocks.{level}.resnets.{layer}."));
                map.Add(($"input_blocks.{(step * level) + layer + 1}.1.", $"down_blocks.{level}.attentions.{layer}."));
            }

            for (var layer = 0; layer < step; layer++)
            {
                map.Add(($"output_blocks.{(step * level) + layer}.0.", $"up_blocks.{level}.resnets.{layer}."));
                map.Add(($"output_blocks.{(step * level) + layer}.1.", $"up_blocks.{level}.attentions.{layer}."));
            }

            map.Add(($"input_blocks.{step * (level + 1)}.0.op.", $"down_blocks.{level}.downsamplers.0.conv."));
            map.Add(($"output_blocks.{(step * level) + layers}.{(IsInUp(level) ? 2 : 1)}.conv.", $"up_blocks.{level}.upsamplers.0.conv."));
        }

        return tensors.Select(tensor =>
        {
            var (original, snapshot) = map.Find(pair => tensor.Name.StartsWith(pair.Snapshot, StringComparison.Ordinal));
            var name = original + tensor.Name[snapshot.Length..];
            if (tensor.Name.Contains("resnets", StringComparison.Ordinal))
                name = Replace(name, Residual);
            return tensor with { Name = "model.diffusion_model." + name };
        });
    }

    /// <summary>An autoencoder.</summary>
    /// <param name="tensors">Under a snapshot's names, old or new.</param>
    /// <param name="levels">Resolutions.</param>
    public static IEnumerable<LayoutTensor> Vae(IReadOnlyList<LayoutTensor> tensors, int levels)
    {
        var map = new List<(string Original, string Snapshot)> { ("nin_shortcut.", "conv_shortcut."), ("norm_out.", "conv_norm_out.") };
        for (var level = 0; level < levels; level++)
        {
            map.Add(($"down.{level}.block.", $"down_blocks.{level}.resnets."));
            map.Add(($"down.{level}.downsample.", $"down_blocks.{level}.downsamplers.0."));
            map.Add(($"up.{levels - 1 - level}.upsample.", $"up_blocks.{level}.upsamplers.0."));
            map.Add(($"up.{levels - 1 - level}.block.", $"up_blocks.{level}.resnets."));
        }

        map.AddRange([("mid.block_1.", "mid_block.resnets.0."), ("mid.block_2.", "mid_block.resnets.1."), ("mid.attn_1.", "mid_block.attentions.0.")]);
        (string Original, string Snapshot)[] attention =
        [
            ("norm.", "group_norm."), ("q.", "to_q."), ("q.", "query."), ("k.", "to_k."), ("k.", "key."), ("v.", "to_v."), ("v.", "value."),
            ("proj_out.", "to_out.0."), ("proj_out.", "proj_attn."),
        ];
        return tensors.Select(tensor =>
        {
            var isAttention = tensor.Name.Contains("attentions", StringComparison.Ordinal);
            var name = Replace(tensor.Name, map);
            var isMatrix = isAttention && tensor.Shape.Count == 2;
            return tensor with
            {
                Name = "first_stage_model." + (isAttention ? Replace(name, attention) : name),
                Shape = isMatrix ? [.. tensor.Shape, 1, 1] : tensor.Shape,
            };
        });
    }

    /// <summary>OpenAI's text tower, which keeps its names.</summary>
    public static IEnumerable<LayoutTensor> Clip(IEnumerable<LayoutTensor> tensors, string prefix) =>
        tensors.Select(tensor => tensor with { Name = prefix + tensor.Name });

    /// <summary>A text tower under OpenCLIP's names: one tensor for the three projections, the joint projection turned over.</summary>
    public static IEnumerable<LayoutTensor> OpenClipTower(IReadOnlyList<LayoutTensor> tensors, string prefix)
    {
        var byName = tensors.ToDictionary(tensor => tensor.Name);
        foreach (var tensor in tensors.Where(tensor => !tensor.Name.EndsWith("position_ids", StringComparison.Ordinal)))
        {
            if (tensor.Name == "text_projection.weight")
                yield return tensor.Transposed(prefix + "text_projection");
            else if (tensor.Name.Contains(".q_proj.", StringComparison.Ordinal))
                yield return LayoutTensor.Stack(
                    prefix + Replace(tensor.Name, OpenClipText).Replace(".self_attn.q_proj.", ".attn.in_proj_", StringComparison.Ordinal),
                    [.. new[] { ".q_proj.", ".k_proj.", ".v_proj." }.Select(part => byName[tensor.Name.Replace(".q_proj.", part, StringComparison.Ordinal)])]);
            else if (!tensor.Name.Contains(".k_proj.", StringComparison.Ordinal) && !tensor.Name.Contains(".v_proj.", StringComparison.Ordinal))
                yield return tensor with { Name = prefix + Replace(tensor.Name, OpenClipText) };
        }
    }

    /// <summary>Both towers of a CLIP under OpenCLIP's names, with the scale and the causal mask that such files hold.</summary>
    public static IEnumerable<LayoutTensor> OpenClip(IReadOnlyList<LayoutTensor> tensors)
    {
        const string Vision = "vision_model.";
        bool IsOfPictures(LayoutTensor tensor) => tensor.Name.StartsWith("vis", StringComparison.Ordinal);
        var text = tensors.Where(tensor => !IsOfPictures(tensor)).ToList();
        // the blocks of the two towers have the same names: the picture tower passes as a text tower, and gets its own names for the rest
        var vision = tensors.Where(IsOfPictures).Select(tensor => tensor with
        {
            Name = tensor.Name.StartsWith(Vision + "encoder.", StringComparison.Ordinal)
                ? "text_model." + tensor.Name[Vision.Length..]
                : tensor.Name,
        }).ToList();
        (string Original, string Snapshot)[] outside =
        [
            ("class_embedding", "vision_model.embeddings.class_embedding"), ("conv1.weight", "vision_model.embeddings.patch_embedding.weight"),
            ("positional_embedding", "vision_model.embeddings.position_embedding.weight"), ("ln_pre.", "vision_model.pre_layrnorm."),
            ("ln_post.", "vision_model.post_layernorm."),
        ];
        return OpenClipTower(text, "")
            .Concat(OpenClipTower(vision, "visual.").Select(tensor => tensor.Name == "visual.visual_projection.weight"
                ? tensor.Transposed("visual.proj")
                : tensor with { Name = Replace(tensor.Name, outside) }))
            .Append(Numbers("attn_mask", 77, 77));
    }

    /// <summary>What training leaves in such files beside the model.</summary>
    public static IEnumerable<LayoutTensor> Leftovers =>
    [
        Numbers("betas", 3), Numbers("model_ema.decay", 1), Numbers("model_ema.diffusion_modelinput_blocks00weight", 4),
        Numbers("first_stage_model.loss.logvar", 1),
    ];

    /// <summary>A tensor of zeros.</summary>
    public static LayoutTensor Numbers(string name, params long[] shape) =>
        new(name, SafetensorsDType.F32, shape, new byte[4 * shape.Aggregate(1L, (product, side) => product * side)]);

    /// <summary>Writes them.</summary>
    public static void Write(string path, IEnumerable<LayoutTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null) => SafetensorsWriter.Write(
        path, tensors.Select(tensor => (tensor.Name, tensor.DType, tensor.Shape, (ReadOnlyMemory<byte>)tensor.Data)), metadata);

    private static string Replace(string name, IEnumerable<(string Original, string Snapshot)> pairs) =>
        pairs.Aggregate(name, (text, pair) => text.Replace(pair.Snapshot, pair.Original, StringComparison.Ordinal));
}
