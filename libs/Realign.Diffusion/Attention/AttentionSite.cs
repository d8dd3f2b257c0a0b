namespace Realign.Diffusion.Attention;

/// <summary>One attention layer of the UNet, as an attention processor sees it.</summary>
/// <param name="Name">Module path, e.g. <c>down_blocks.0.attentions.0.transformer_blocks.0.attn2</c>.</param>
/// <param name="IsCross">Keys and values come from the text (true) or from the image itself (false).</param>
/// <param name="Height">Rows of the feature map; queries are its Height * Width pixels in row-major order.</param>
/// <param name="Width">Columns of the feature map.</param>
public sealed record AttentionSite(string Name, bool IsCross, int Height, int Width);
