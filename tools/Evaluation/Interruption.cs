using System.Runtime.InteropServices;

namespace Realign.Evaluation;

/// <summary>The first signal asks the work to end in order, so that everything drawn is kept; a second Ctrl-C ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _signals;

    public Interruption() =>
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Ask))];

    /// <summary>Fires at the first one.</summary>
    public CancellationToken Token => _asked.Token;

    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _asked.Dispose();
    }

    private void Ask(PosixSignalContext context)
    {
        // a terminal signals this process, and `realign` passes the same wish on as SIGTERM
        context.Cancel = !_asked.IsCancellationRequested || context.Signal != PosixSignal.SIGINT;
        _asked.Cancel();
    }
}
