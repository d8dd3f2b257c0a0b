namespace Realign.Evaluation.Arms;

/// <summary>Which picture of a prompt and seed an arm takes.</summary>
internal enum ArmKind
{
    /// <summary>The coarse one: the Generator alone.</summary>
    Base,

    /// <summary>The refined one, as published (ACCEPT_ALWAYS).</summary>
    Fine,

    /// <summary>The best one of so many attempts (ACCEPT_VERIFIED).</summary>
    Attempts,
}
