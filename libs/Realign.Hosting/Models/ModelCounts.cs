namespace Realign.Hosting.Models;

/// <summary>Calls of a model since the process started.</summary>
/// <param name="Success">Those that got an answer: from their arrival to their end.</param>
/// <param name="Failures">Those that did not, by what kept them from it.</param>
/// <param name="Queue">Waiting for the model, of those that it worked on.</param>
/// <param name="Compute">Work of the model.</param>
/// <param name="LastSuccess">When the last one got its answer; null = none has.</param>
public sealed record ModelCounts(
    CountedTime Success, IReadOnlyDictionary<CallFailure, CountedTime> Failures, CountedTime Queue, CountedTime Compute, DateTimeOffset? LastSuccess);
