namespace Realign.Gateway.Backends;

/// <summary>Work that belongs together and fails together.</summary>
internal static class SideBySide
{
    /// <summary>Runs branches at the same time. The failure of one cancels the others, and is what is thrown.</summary>
    public static async Task RunAsync(IEnumerable<Func<CancellationToken, Task>> branches, CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // WhenAll prefers a failure to a cancellation, so the cause wins over what it caused
        await Task.WhenAll(branches.Select(GuardAsync).ToList());

        async Task GuardAsync(Func<CancellationToken, Task> branch)
        {
            try
            {
                await branch(linked.Token);
            }
            catch
            {
                await linked.CancelAsync();
                throw;
            }
        }
    }
}
