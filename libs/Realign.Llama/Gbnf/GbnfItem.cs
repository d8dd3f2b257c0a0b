namespace Realign.Llama.Gbnf;

/// <summary>One item of a sequence: characters, a group, or the name of a rule.</summary>
internal sealed class GbnfItem
{
    /// <summary>Name of the rule that it stands for; null when it is not a reference.</summary>
    public string? Name { get; init; }

    /// <summary>Rule of the group, or of the name once all names are known; null = characters.</summary>
    public GbnfRule? Target { get; set; }

    /// <summary>It may be left out, or is the empty literal.</summary>
    public bool IsOptional { get; set; }

    /// <summary>Repeated without limit.</summary>
    public bool IsUnbounded { get; set; }

    /// <summary>At least as many rules as llama.cpp makes of it when it is repeated.</summary>
    public long Weight { get; set; } = 1;

    public bool MayBeEmpty => IsOptional || Target is { MayBeEmpty: true };
}
