using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Realign.Cli.Connections;
using Realign.Core.Files;
using Realign.Wire.Mesh;

namespace Realign.Cli.Mesh;

/// <summary>One service as a process of its own: its record, its log, its life beyond the terminal.</summary>
internal sealed class ServiceProcess(MeshFolder folder, MeshService service)
{
    /// <summary>
    /// Read by native libraries when they load, so they must be there from the start: OpenMP threads that wait sleep instead of spinning,
    /// nothing phones home, an abort does not start a debugger, and memory goes back to the system.
    /// </summary>
    private static readonly (string Name, string Value)[] NativeSettings =
        [("OMP_WAIT_POLICY", "passive"), ("ORT_DISABLE_TELEMETRY", "1"), ("GGML_NO_BACKTRACE", "1"), ("MALLOC_ARENA_MAX", "2")];

    public MeshService Service { get; } = service;

    public ServiceLog Log { get; } = new(folder.LogFile(service));

    /// <summary>
    /// What was started from this folder and still runs. The number may belong to somebody else by now, and the folder may be a copy of
    /// another checkout's: the process must have begun when the record says, and write to this folder's log.
    /// </summary>
    public ServiceRecord? FindRunning() =>
        ServiceRecord.Read(folder.RecordFile(Service)) is { } record && record.IsAlive() && WritesToOurLog(record.Id)
            ? record
            : null;

    /// <summary>Starts it in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.</summary>
    public ServiceRecord Start(string program, string address, IEnumerable<string> arguments, IReadOnlyList<string> settings)
    {
        Log.Rotate();
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false, WorkingDirectory = Path.GetDirectoryName(program)! };
        foreach (var part in new[] { "/bin/sh", "-c", $"exec \"$@\" >>\"${OlderLogs.PathVariable}\" 2>&1 </dev/null", "sh", program }.Concat(arguments))
            start.ArgumentList.Add(part);
        start.Environment[OlderLogs.PathVariable] = Log.Path;
        // the service runs on the runtime that runs this program
        _ = start.Environment.TryAdd("DOTNET_ROOT", Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")));
        foreach (var (name, value) in NativeSettings)
            _ = start.Environment.TryAdd(name, value);
        using var process = Process.Start(start) ?? throw new CliException($"{Service.Name} could not be started", ExitCodes.Failure);
        try
        {
            var record = new ServiceRecord(process.Id, ServiceRecord.StartTimeOf(process.Id) ?? 0, address, settings);
            record.Write(folder.RecordFile(Service));
            return record;
        }
        catch
        {
            // a service that nobody could find again must not stay
            _ = Signals.Send(process.Id, Signals.Kill);
            throw;
        }
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    /// <returns>False when it still runs after the time.</returns>
    public async Task<bool> StopAsync(ServiceRecord record, TimeSpan limit, CancellationToken cancellationToken)
    {
        _ = Signals.Send(record.Id, Signals.Terminate);
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (record.IsAlive())
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
                return false;
            _ = await timer.WaitForNextTickAsync(cancellationToken);
        }

        Forget();
        return true;
    }

    public void Kill(ServiceRecord record)
    {
        _ = Signals.Send(record.Id, Signals.Kill);
        Forget();
    }

    /// <summary>Drops the record of a process that is gone.</summary>
    public void Forget() => File.Delete(folder.RecordFile(Service));

    public static bool IsPortFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private bool WritesToOurLog(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/environ").Split('\0').Contains($"{OlderLogs.PathVariable}={Log.Path}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
