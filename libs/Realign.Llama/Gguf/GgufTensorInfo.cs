namespace Realign.Llama.Gguf;

/// <summary>Where a tensor lies.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Sizes, the contiguous dimension first: a linear layer is [inputs, outputs].</param>
/// <param name="Type">Element or block type.</param>
/// <param name="Offset">Bytes from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public sealed record GgufTensorInfo(string Name, IReadOnlyList<long> Shape, GgufTensorType Type, long Offset, long Length);
