namespace Realign.Core.Files;

/// <summary>What a file should be.</summary>
public enum FileFormat
{
    /// <summary>A config, an index, a tokenizer, a list: UTF-8.</summary>
    Text,

    /// <summary>Weights with a JSON header.</summary>
    Safetensors,

    /// <summary>A graph.</summary>
    Onnx,

    /// <summary>A language model for llama.cpp.</summary>
    Gguf,
}
