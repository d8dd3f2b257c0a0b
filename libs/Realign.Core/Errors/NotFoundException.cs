namespace Realign.Core.Errors;

/// <summary>Something the caller named does not exist (NOT_FOUND).</summary>
public sealed class NotFoundException(string message, string wayOut) : RealignException(message, wayOut)
{
    /// <summary>A value of the request that names nothing.</summary>
    /// <param name="field">Path of the field as the caller spells it.</param>
    /// <param name="value">Its value.</param>
    /// <param name="problem">What is not there.</param>
    /// <param name="wayOut">What to name instead.</param>
    public NotFoundException(string field, string value, string problem, string wayOut)
        : this($"{field} = {value}: {problem}", wayOut)
    {
        Field = field;
        Value = value;
    }

    /// <summary>Path of the field; empty where no field named it.</summary>
    public string Field { get; } = "";

    /// <summary>The value that names nothing.</summary>
    public string Value { get; } = "";
}
