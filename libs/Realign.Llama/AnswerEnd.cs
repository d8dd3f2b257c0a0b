namespace Realign.Llama;

/// <summary>Why an answer ended.</summary>
public enum AnswerEnd
{
    /// <summary>The model ended it.</summary>
    Complete,

    /// <summary>The token limit was reached, or the context is full.</summary>
    Limit,

    /// <summary>No token was allowed.</summary>
    Stuck,
}
