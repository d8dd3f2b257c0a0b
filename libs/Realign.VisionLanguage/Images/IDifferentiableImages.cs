using static TorchSharp.torch;

namespace Realign.VisionLanguage.Images;

/// <summary>Pictures to the input of one vision tower, with a gradient all the way.</summary>
internal interface IDifferentiableImages
{
    /// <summary>(1, 3, H, W) in [0, 1] to (1, 3, S, S), normalized.</summary>
    Tensor Differentiable(Tensor unit);
}
