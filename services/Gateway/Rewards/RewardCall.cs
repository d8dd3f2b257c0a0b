using System.Globalization;
using System.Text.RegularExpressions;
using Google.Rpc;
using Grpc.Core;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>
/// Sends the batches of one Score request. A batch that the Captioner refuses because of one of its entries is sent again without
/// that entry, so that one bad image costs the others nothing; a failure of the Captioner itself ends the whole request.
/// </summary>
internal sealed partial class RewardCall(Backend captioner, DateTime deadline, int concurrency, int batchSize, int batchBytes) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(concurrency);

    /// <summary>Splits entries into batches, sends them side by side, and returns one outcome per entry, in order.</summary>
    /// <param name="reward">Name of the reward, for statuses.</param>
    /// <param name="entries">What to send.</param>
    /// <param name="sizeOf">Bytes an entry takes on the wire, there or back, whichever is more.</param>
    /// <param name="send">Sends a batch; returns one value per entry.</param>
    /// <param name="cancellationToken">Fires when the caller left.</param>
    public async Task<Outcome<TValue>[]> SendAsync<TEntry, TValue>(
        string reward, IReadOnlyList<TEntry> entries, Func<TEntry, long> sizeOf, Func<CallScope, IReadOnlyList<TEntry>, Task<IReadOnlyList<TValue>>> send,
        CancellationToken cancellationToken)
        where TValue : class
    {
        var outcomes = new Outcome<TValue>[entries.Count];
        await SideBySide.RunAsync(Batches(entries, sizeOf).Select<int[], Func<CancellationToken, Task>>(batch =>
            token => SendBatchAsync(new CallScope(captioner, "reward", reward, deadline, token), entries, batch, send, outcomes)), cancellationToken);
        return outcomes;
    }

    public void Dispose() => _slots.Dispose();

    private async Task SendBatchAsync<TEntry, TValue>(
        CallScope scope, IReadOnlyList<TEntry> entries, int[] batch, Func<CallScope, IReadOnlyList<TEntry>, Task<IReadOnlyList<TValue>>> send,
        Outcome<TValue>[] outcomes)
        where TValue : class
    {
        var pending = new Stack<int[]>([batch]);
        while (pending.TryPop(out var part))
        {
            await _slots.WaitAsync(scope.CancellationToken);
            try
            {
                var values = await send(scope, [.. part.Select(index => entries[index])]);
                if (values.Count != part.Length)
                    throw BackendFailure.Broken($"answered {values.Count} of {part.Length} entries", scope);
                for (var i = 0; i < part.Length; i++)
                    outcomes[part[i]] = new Outcome<TValue>(values[i], null);
            }
            catch (BackendException failure) when (IsAboutEntries(failure))
            {
                if (part.Length == 1)
                {
                    outcomes[part[0]] = new Outcome<TValue>(null, ErrorOf(failure, 0));
                }
                else if (Culprit(failure, part.Length) is { } culprit)
                {
                    outcomes[part[culprit]] = new Outcome<TValue>(null, ErrorOf(failure, culprit));
                    pending.Push([.. part.Where((_, index) => index != culprit)]);
                }
                else
                {
                    pending.Push(part[(part.Length / 2)..]);
                    pending.Push(part[..(part.Length / 2)]);
                }
            }
            finally
            {
                _ = _slots.Release();
            }
        }
    }

    private List<int[]> Batches<TEntry>(IReadOnlyList<TEntry> entries, Func<TEntry, long> sizeOf)
    {
        var batches = new List<int[]>();
        var batch = new List<int>();
        long bytes = 0;
        for (var i = 0; i < entries.Count; i++)
        {
            var size = sizeOf(entries[i]);
            if (batch.Count > 0 && (batch.Count == batchSize || bytes + size > batchBytes))
            {
                batches.Add([.. batch]);
                batch.Clear();
                bytes = 0;
            }

            batch.Add(i);
            bytes += size;
        }

        if (batch.Count > 0)
            batches.Add([.. batch]);
        return batches;
    }

    /// <summary>
    /// A refused value; an entry for which the model computes nothing finite, which has a field; or a message that is too large: a full queue
    /// says when to come back, a message does not.
    /// </summary>
    private static bool IsAboutEntries(BackendException failure) => failure.StatusCode switch
    {
        StatusCode.InvalidArgument => true,
        StatusCode.FailedPrecondition => FieldsOf(failure).Any(),
        StatusCode.ResourceExhausted => failure.GetRpcStatus()?.GetDetail<RetryInfo>() is null,
        _ => false,
    };

    private static IEnumerable<string> FieldsOf(BackendException failure)
    {
        var status = failure.GetRpcStatus();
        if (status?.GetDetail<ErrorInfo>() is { } info && info.Metadata.TryGetValue("field", out var field))
            yield return field;
        foreach (var violation in status?.GetDetail<BadRequest>()?.FieldViolations ?? [])
            yield return violation.Field;
    }

    private static int? Culprit(BackendException failure, int count)
    {
        foreach (var field in FieldsOf(failure))
        {
            if (EntryIndex().Match(field) is { Success: true } match
                && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < count)
                return index;
        }

        return null;
    }

    private static ItemError ErrorOf(BackendException failure, int index) => new()
    {
        Code = (int)failure.StatusCode,
        // positions inside our batch mean nothing to the caller
        Message = failure.Status.Detail.Replace($"items[{index}].", "", StringComparison.Ordinal).Replace($"items[{index}]: ", "", StringComparison.Ordinal)
            .Replace($"texts[{index}]", "text", StringComparison.Ordinal),
    };

    [GeneratedRegex(@"^(?:items|texts)\[(\d+)\]")]
    private static partial Regex EntryIndex();
}
