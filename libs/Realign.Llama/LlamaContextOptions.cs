namespace Realign.Llama;

/// <summary>Sizes of a context. The defaults are llama.cpp's own, so that results equal its.</summary>
public sealed record LlamaContextOptions
{
    /// <summary>Tokens that fit, prompt and answer together; rounded up to a multiple of 256. At least 1.</summary>
    public int ContextSize { get; init; } = 2048;

    /// <summary>Most tokens computed in one pass; longer prompts are split. At least 1.</summary>
    public int BatchSize { get; init; } = 512;

    /// <summary>Threads; 0 = all cores. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Keep keys and values in fp32 and compute attention unfused: exact, slower, twice the memory. Off = fp16 and fused where possible.</summary>
    public bool FullPrecision { get; init; }
}
