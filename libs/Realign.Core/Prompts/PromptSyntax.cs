namespace Realign.Core.Prompts;

/// <summary>What brackets, signs and numbers of a prompt mean.</summary>
public enum PromptSyntax
{
    /// <summary>Nothing: all is text.</summary>
    Plain,

    /// <summary>As web UIs read it: <c>(red car:1.3)</c>, <c>(red car)</c>, <c>[red car]</c>, <c>BREAK</c>, backslash for a literal bracket.</summary>
    Weighted,

    /// <summary>As compel reads it: <c>car+</c>, <c>(red car)1.3</c>, <c>(red car)--</c>, backslash for a literal sign.</summary>
    Compel,
}
