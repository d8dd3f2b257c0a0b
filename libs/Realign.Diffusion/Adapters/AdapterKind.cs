namespace Realign.Diffusion.Adapters;

/// <summary>How an adapter file says what changes. One file may mix them.</summary>
public enum AdapterKind
{
    /// <summary>A low-rank product (Hu et al. 2021).</summary>
    LoRA,

    /// <summary>The same for convolutions larger than 1x1 (LyCORIS).</summary>
    LoCon,

    /// <summary>Direction and magnitude apart (Liu et al. 2024).</summary>
    DoRA,

    /// <summary>An elementwise product of two low-rank products (LyCORIS).</summary>
    LoHa,

    /// <summary>A Kronecker product (LyCORIS).</summary>
    LoKr,

    /// <summary>Whole differences of weights or biases.</summary>
    Full,

    /// <summary>Whole differences of norms (LyCORIS).</summary>
    Norm,
}
