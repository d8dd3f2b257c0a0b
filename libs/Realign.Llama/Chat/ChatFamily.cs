namespace Realign.Llama.Chat;

/// <summary>Published chat formats that are rendered exactly.</summary>
public enum ChatFamily
{
    /// <summary>Vicuna v1.1 and v1.5.</summary>
    Vicuna,

    /// <summary>Llama-2 chat.</summary>
    Llama2,

    /// <summary>Llama-3 instruct.</summary>
    Llama3,

    /// <summary>ChatML, with the default system text that the template names, if any.</summary>
    ChatML,

    /// <summary>Gemma 1 and 2: no system role.</summary>
    Gemma,

    /// <summary>Gemma 3: a system text goes before the first user turn.</summary>
    Gemma3,
}
