namespace Realign.Llama.Gguf;

/// <summary>Reading cannot go on; <see cref="GgufFile"/> turns it into the error that names the file.</summary>
internal sealed class GgufFormatException(string message) : Exception(message);
