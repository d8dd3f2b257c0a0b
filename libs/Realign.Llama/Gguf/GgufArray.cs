namespace Realign.Llama.Gguf;

/// <summary>A metadata array. Texts are kept, because vocabularies are made of them; numbers are kept as 64-bit values.</summary>
/// <param name="ElementType">Type of every element.</param>
/// <param name="Count">Number of elements.</param>
/// <param name="Texts">The elements of a text array, else empty.</param>
/// <param name="Numbers">The elements of an integer array, else empty.</param>
public sealed record GgufArray(GgufValueType ElementType, int Count, IReadOnlyList<string> Texts, IReadOnlyList<long> Numbers);
