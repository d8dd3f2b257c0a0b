using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Realign.Cli.Connections;
using Realign.Wire.Mesh;

namespace Realign.Cli.Mesh;

/// <summary>One service as a process of its own: its pid file, its log, its life beyond the terminal.</summary>
internal sealed class ServiceProcess(MeshFolder folder, MeshService service)
{
    /// <summary>
    /// Read by native libraries when they load, so they must be there from the start: OpenMP threads that wait sleep instead of spinning,
    /// nothing phones home, an abort does not start a debugger, and memory goes back to the system.
    /// </summary>
    private static readonly (string Name, string Value)[] NativeSettings =
        [("OMP_WAIT_POLICY", "passive"), ("ORT_DISABLE_TELEMETRY", "1"), ("GGML_NO_BACKTRACE", "1"), ("MALLOC_ARENA_MAX", "2")];

    public MeshService Service { get; } = service;

    public string LogFile => folder.LogFile(Service);

    /// <summary>The process, if it runs.</summary>
    public int? FindRunning()
    {
        var file = folder.PidFile(Service);
        if (!File.Exists(file) || !int.TryParse(File.ReadAllText(file).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            return null;
        // the number may belong to somebody else by now; a zombie has no command line
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline").Contains(Service.Assembly, StringComparison.Ordinal) ? id : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Starts it in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it.</summary>
    public int Start(string program, IEnumerable<string> arguments)
    {
        _ = Directory.CreateDirectory(folder.Path);
        var start = new ProcessStartInfo("setsid") { UseShellExecute = false, WorkingDirectory = Path.GetDirectoryName(program)! };
        foreach (var part in new[] { "/bin/sh", "-c", "exec \"$@\" >\"$REALIGN_LOG\" 2>&1 </dev/null", "sh", program }.Concat(arguments))
            start.ArgumentList.Add(part);
        start.Environment["REALIGN_LOG"] = LogFile;
        // the service runs on the runtime that runs this program
        _ = start.Environment.TryAdd("DOTNET_ROOT", Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")));
        foreach (var (name, value) in NativeSettings)
            _ = start.Environment.TryAdd(name, value);
        using var process = Process.Start(start) ?? throw new CliException($"{Service.Name} could not be started", ExitCodes.Failure);
        File.WriteAllText(folder.PidFile(Service), process.Id.ToString(CultureInfo.InvariantCulture));
        return process.Id;
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    /// <returns>False when it still runs after the time.</returns>
    public async Task<bool> StopAsync(int processId, TimeSpan limit, CancellationToken cancellationToken)
    {
        _ = Signals.Send(processId, Signals.Terminate);
        var start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (FindRunning() == processId)
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit)
                return false;
            _ = await timer.WaitForNextTickAsync(cancellationToken);
        }

        File.Delete(folder.PidFile(Service));
        return true;
    }

    public void Kill(int processId)
    {
        _ = Signals.Send(processId, Signals.Kill);
        File.Delete(folder.PidFile(Service));
    }

    /// <summary>The end of its log.</summary>
    public string LogTail(int lines) => File.Exists(LogFile) ? string.Join('\n', File.ReadLines(LogFile).TakeLast(lines)) : "";

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
}
