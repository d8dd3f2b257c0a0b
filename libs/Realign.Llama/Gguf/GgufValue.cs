namespace Realign.Llama.Gguf;

/// <summary>One metadata value.</summary>
/// <param name="Type">Its type in the file.</param>
/// <param name="Value">
/// A <see cref="long"/> (all integers; an unsigned one above 2^63 - 1 is refused), <see cref="double"/>, <see cref="bool"/>, <see cref="string"/> or <see
/// cref="GgufArray"/>.
/// </param>
public sealed record GgufValue(GgufValueType Type, object Value);
