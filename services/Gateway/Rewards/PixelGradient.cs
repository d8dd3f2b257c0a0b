using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>The gradient of a reward with respect to an image.</summary>
/// <param name="Message">As it arrived, [3, H, W].</param>
/// <param name="Values">Its numbers, unscaled.</param>
internal sealed record PixelGradient(Tensor Message, float[] Values);
