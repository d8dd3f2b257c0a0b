namespace Realign.Llama.Chat;

/// <summary>Who speaks.</summary>
public enum ChatRole
{
    /// <summary>Instruction.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}
