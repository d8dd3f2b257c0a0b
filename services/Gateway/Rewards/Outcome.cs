using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>What became of one entry of a batch: a value, or the reason there is none.</summary>
internal readonly record struct Outcome<T>(T? Value, ItemError? Error)
    where T : class;
