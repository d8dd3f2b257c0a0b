using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>Texts of different length side by side, padded on the right.</summary>
/// <param name="Ids">int64 (B, T).</param>
/// <param name="Mask">int64 (B, T): 1 = token, 0 = padding.</param>
internal sealed record TokenBatch(Tensor Ids, Tensor Mask)
{
    /// <summary>Pads to the longest text, or further; the caller's dispose scope owns the tensors.</summary>
    public static TokenBatch Pad(IReadOnlyList<IReadOnlyList<int>> texts, int padId, Device device, int minLength = 0)
    {
        var longest = Math.Max(minLength, texts.Max(text => text.Count));
        var ids = new long[texts.Count * longest];
        var mask = new long[ids.Length];
        for (var row = 0; row < texts.Count; row++)
        {
            for (var column = 0; column < longest; column++)
            {
                var inside = column < texts[row].Count;
                ids[(row * longest) + column] = inside ? texts[row][column] : padId;
                mask[(row * longest) + column] = inside ? 1 : 0;
            }
        }

        return new TokenBatch(
            tensor(ids, [texts.Count, longest], device: device), tensor(mask, [texts.Count, longest], device: device));
    }
}
