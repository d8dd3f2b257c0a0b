using System.Runtime.InteropServices;

namespace Realign.Core.Processes;

/// <summary>
/// Ctrl-C, SIGTERM and the end of the terminal ask a command to end in order: what it has started is stopped, what it has made is kept, calls are
/// cancelled at the services. A second Ctrl-C ends the process at once. A second SIGTERM does not: a terminal signals a child too, and its parent
/// passes the same wish on as SIGTERM.
/// </summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _asked = new();
    private readonly PosixSignalRegistration[] _signals;

    /// <summary>Listens to the signals from now on.</summary>
    public Interruption() =>
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Ask))];

    /// <summary>Fires at the first one.</summary>
    public CancellationToken Token => _asked.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var signal in _signals)
            signal.Dispose();
        _asked.Dispose();
    }

    private void Ask(PosixSignalContext context)
    {
        context.Cancel = !_asked.IsCancellationRequested || context.Signal != PosixSignal.SIGINT;
        _asked.Cancel();
    }
}
