using Realign.Clip.Text;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;

namespace Realign.Diffusion.Snapshots;

/// <summary>What the other parts must know of a text encoder.</summary>
/// <param name="Config">Its structure.</param>
/// <param name="VocabularySize">Ids its tokenizer can give.</param>
public sealed record TextTowerSizes(CLIPTextConfig Config, int VocabularySize);

/// <summary>Whether the parts of a snapshot belong together.</summary>
public static class SnapshotParts
{
    /// <summary>Everything that does not fit between parts that are each in order; empty = they belong together.</summary>
    /// <param name="unet">Structure of the UNet.</param>
    /// <param name="vae">Structure of the autoencoder.</param>
    /// <param name="first">The first or only text encoder; null of the refiner of XL.</param>
    /// <param name="second">The second text encoder of XL, else null.</param>
    public static IReadOnlyList<string> Mismatches(UNet2DConditionConfig unet, AutoencoderKLConfig vae, TextTowerSizes? first, TextTowerSizes? second)
    {
        ArgumentNullException.ThrowIfNull(unet);
        ArgumentNullException.ThrowIfNull(vae);
        var problems = new List<string>();
        void Require(bool condition, string problem)
        {
            if (!condition)
                problems.Add(problem);
        }

        var width = (first?.Config.HiddenSize ?? 0) + (second?.Config.HiddenSize ?? 0);
        Require(width == unet.CrossAttentionDim, $"text width {width}, but unet cross_attention_dim {unet.CrossAttentionDim}");
        Require(unet.InChannels == vae.LatentChannels || unet.TakesMaskedPicture,
            $"unet in_channels {unet.InChannels}, but vae latent_channels {vae.LatentChannels}");
        Require(unet.OutChannels == vae.LatentChannels, $"unet out_channels {unet.OutChannels}, but vae latent_channels {vae.LatentChannels}");
        foreach (var text in new[] { first, second })
        {
            if (text is not null)
                Require(text.VocabularySize <= text.Config.VocabSize, $"the tokenizer has {text.VocabularySize} ids, the text encoder {text.Config.VocabSize}");
        }

        Require(second is null == (unet.AddedInputDim is null), "text_encoder_2 and the unet's addition_embed_type do not belong together");
        if (second is not null && unet.AddedInputDim is { } added)
        {
            var numbers = first is null ? ImageSizes.ScoredNumbers : ImageSizes.Numbers;
            var wanted = second.Config.ProjectionDim + (numbers * unet.AdditionTimeEmbedDim!.Value);
            Require(added == wanted, $"unet projection_class_embeddings_input_dim {added}, but text and sizes have {wanted}");
        }

        return problems;
    }
}
