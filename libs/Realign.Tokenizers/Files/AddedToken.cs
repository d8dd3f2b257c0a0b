namespace Realign.Tokenizers.Files;

/// <summary>A token that is cut out of the text before the vocabulary is applied.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="Special">Left out when decoding without special tokens.</param>
/// <param name="Normalized">Searched in the normalized text instead of the raw one.</param>
/// <param name="StripLeft">Swallows the white space before it.</param>
/// <param name="StripRight">Swallows the white space after it.</param>
internal sealed record AddedToken(string Content, int Id, bool Special, bool Normalized, bool StripLeft, bool StripRight);
