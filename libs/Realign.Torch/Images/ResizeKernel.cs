namespace Realign.Torch.Images;

/// <summary>Kernel of a differentiable resize.</summary>
public enum ResizeKernel
{
    /// <summary>Cubic: a = -0.5 with antialiasing, -0.75 without, as in libtorch.</summary>
    Bicubic,

    /// <summary>Linear.</summary>
    Bilinear,
}
