using System.Collections.Concurrent;

namespace Realign.Torch;

/// <summary>
/// A thread beside the one that a model works on, for a second piece of work where one operator cannot use two cores. The same thread each time: libtorch's
/// caches belong to threads. It has no dispose scope and records no gradients unless the work says so.
/// </summary>
public sealed class SideThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">For debuggers.</param>
    public SideThread(string name)
    {
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Does two things at once, the first one here, and returns when both have ended.</summary>
    /// <param name="here">Work for the caller's thread.</param>
    /// <param name="beside">Work for the side thread; it is waited for even if the other fails.</param>
    /// <exception cref="Exception">What the first failure was, that of <paramref name="here"/> before that of <paramref name="beside"/>.</exception>
    public void Both(Action here, Action beside)
    {
        ArgumentNullException.ThrowIfNull(here);
        ArgumentNullException.ThrowIfNull(beside);
        var ended = new TaskCompletionSource();
        _work.Add(() =>
        {
            try
            {
                beside();
                ended.SetResult();
            }
            catch (Exception failure)
            {
                ended.SetException(failure);
            }
        });
        try
        {
            here();
        }
        finally
        {
            // what both of them read may not be disposed before
            ((IAsyncResult)ended.Task).AsyncWaitHandle.WaitOne();
        }

        ended.Task.GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}
