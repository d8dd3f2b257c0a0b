namespace Realign.Llama.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks.</param>
/// <param name="Content">What they say.</param>
public sealed record ChatMessage(ChatRole Role, string Content);
