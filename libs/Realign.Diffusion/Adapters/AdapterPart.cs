namespace Realign.Diffusion.Adapters;

/// <summary>What a tensor of an adapter file is to its layer.</summary>
internal enum AdapterPart
{
    /// <summary>Low rank: [rank, in], [rank, in, kh, kw].</summary>
    Down,

    /// <summary>Low rank: [out, rank].</summary>
    Up,

    /// <summary>Low rank of a convolution in three pieces (CP): [rank, rank, kh, kw]; the others are then 1x1.</summary>
    Mid,

    /// <summary>A number; the change is scaled by alpha / rank.</summary>
    Alpha,

    /// <summary>DoRA: the norms that the rows or columns of the changed weight get.</summary>
    Magnitude,

    /// <summary>LoHa, first factor: [out, rank]; with a core [rank, out].</summary>
    Hada1A,

    /// <summary>LoHa, first factor: [rank, in * kh * kw]; with a core [rank, in].</summary>
    Hada1B,

    /// <summary>LoHa, second factor: as the first.</summary>
    Hada2A,

    /// <summary>LoHa, second factor: as the first.</summary>
    Hada2B,

    /// <summary>LoHa, core of the first factor (Tucker): [rank, rank, kh, kw].</summary>
    HadaCore1,

    /// <summary>LoHa, core of the second factor.</summary>
    HadaCore2,

    /// <summary>LoKr, first factor whole: [a, c].</summary>
    Kron1,

    /// <summary>LoKr, first factor as a product: [a, rank].</summary>
    Kron1A,

    /// <summary>LoKr, first factor as a product: [rank, c].</summary>
    Kron1B,

    /// <summary>LoKr, second factor whole: [b, d] or [b, d, kh, kw].</summary>
    Kron2,

    /// <summary>LoKr, second factor as a product: [b, rank]; with a core [rank, b].</summary>
    Kron2A,

    /// <summary>LoKr, second factor as a product: [rank, d * kh * kw]; with a core [rank, d].</summary>
    Kron2B,

    /// <summary>LoKr, core of the second factor (Tucker): [rank, rank, kh, kw].</summary>
    KronCore2,

    /// <summary>The change of the weight itself.</summary>
    WeightDifference,

    /// <summary>The change of the bias itself.</summary>
    BiasDifference,
}
