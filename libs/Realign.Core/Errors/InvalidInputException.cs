namespace Realign.Core.Errors;

/// <summary>A value of the request is not usable (INVALID_ARGUMENT).</summary>
/// <param name="field">Path of the field as the caller spells it, e.g. <c>modulation.segments[2].mask</c>.</param>
/// <param name="value">The offending value, shortened if long; never pixels or whole prompts.</param>
/// <param name="problem">What is wrong with it.</param>
/// <param name="wayOut">What to send instead.</param>
public sealed class InvalidInputException(string field, string value, string problem, string wayOut)
    : RealignException($"{field} = {value}: {problem}", wayOut)
{
    /// <summary>Path of the field.</summary>
    public string Field { get; } = field;

    /// <summary>The offending value, shortened.</summary>
    public string Value { get; } = value;

    /// <summary>What is wrong with the value.</summary>
    public string Problem { get; } = problem;
}
