using static TorchSharp.torch;

namespace Realign.Training.Feedback;

/// <summary>Back-propagation of a reward that was computed elsewhere: only its gradient with respect to the image came back.</summary>
public static class ImageGradient
{
    /// <summary>-(image * gradient).sum(): what the owner of the image back-propagates for the loss -reward.</summary>
    /// <param name="image">The image the reward was computed on, in the graph of the caller.</param>
    /// <param name="gradient">d reward / d image, a constant of the same shape.</param>
    public static Tensor Loss(Tensor image, Tensor gradient)
    {
        if (!image.shape.SequenceEqual(gradient.shape))
            throw new ArgumentException($"image [{string.Join(", ", image.shape)}], gradient [{string.Join(", ", gradient.shape)}]", nameof(gradient));
        using var scope = NewDisposeScope();
        return image.mul(gradient.detach()).sum().neg().MoveToOuterDisposeScope();
    }
}
