namespace Realign.Diffusion.Adapters;

/// <summary>A textual inversion inside an adapter file (keys <c>bundle_emb.NAME.KEY</c>).</summary>
/// <param name="Name">The word of the prompt that it stands for.</param>
/// <param name="Tensors">
/// Vectors by the key that a textual inversion file of its own would have: <c>string_to_param.*</c> or <c>emb_params</c> of models with one text
/// encoder, <c>clip_l</c> and <c>clip_g</c> of XL; OneTrainer adds <c>clip_l_out</c> and <c>clip_g_out</c> for vectors behind the encoder.
/// </param>
public sealed record BundledEmbedding(string Name, IReadOnlyDictionary<string, EmbeddingVectors> Tensors);
