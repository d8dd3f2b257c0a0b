using Grpc.Core;
using Grpc.Health.V1;
using Realign.Cli.Connections;
using Realign.Wire.Mesh;
using Spectre.Console;

namespace Realign.Cli.Mesh;

/// <summary>Starts and stops the six services on this machine.</summary>
internal sealed class MeshLauncher(Terminal terminal, MeshFolder folder)
{
    private const int WouldBlock = 11;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan FreshStopLimit = TimeSpan.FromSeconds(5);

    /// <summary>Starts what does not run yet and waits until all of it serves.</summary>
    /// <param name="programs">Folder with a folder per service; null = beside this program's own.</param>
    /// <param name="portBase">Port of the Gateway; the others follow.</param>
    /// <param name="settings">Settings for all services, <c>Section:Name=value</c>.</param>
    /// <param name="limit">How long loading may take.</param>
    /// <param name="cancellationToken">Fires on Ctrl-C; what was started then stops again.</param>
    public async Task StartAsync(string? programs, int portBase, IReadOnlyList<string> settings, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var exclusive = Lock();
        var addresses = MeshService.All.ToDictionary(
            service => service.Name, service => FormattableString.Invariant($"http://127.0.0.1:{portBase + service.PortOffset}"));
        var processes = MeshService.All.Select(service => new ServiceProcess(folder, service)).ToList();
        var running = processes.Select(process => (Process: process, Record: process.FindRunning()))
            .Where(pair => pair.Record is not null).ToDictionary(pair => pair.Process, pair => pair.Record!);
        CheckSame(running, addresses, settings);
        // one that ended comes back as it was
        var effective = settings.Count == 0 && running.Count > 0 ? running.Values.First().Settings : settings;

        var toStart = processes.Except(running.Keys).ToList();
        var paths = toStart.ToDictionary(process => process, process => ProgramOf(process.Service, programs));
        var taken = toStart.Where(process => !ServiceProcess.IsPortFree(portBase + process.Service.PortOffset)).ToList();
        if (taken.Count > 0)
        {
            var ports = string.Join(", ", taken.Select(process => $"port {portBase + process.Service.PortOffset} ({process.Service.Name})"));
            throw new CliException($"in use by another program: {ports}. Stop that program, or choose other ports with --port-base", ExitCodes.Failure);
        }

        var started = new Dictionary<ServiceProcess, ServiceRecord>();
        try
        {
            foreach (var process in toStart)
            {
                var address = addresses[process.Service.Name];
                started.Add(process, process.Start(paths[process], address, Arguments(process.Service, addresses, effective), effective));
            }

            await WaitAsync(running.Concat(started).ToDictionary(), limit, cancellationToken);
        }
        catch
        {
            // nobody has called them yet: there is nothing to wait for but their end
            await Task.WhenAll(started.Select(async pair =>
            {
                if (!await pair.Key.StopAsync(pair.Value, FreshStopLimit, CancellationToken.None))
                    pair.Key.Kill(pair.Value);
            }));
            throw;
        }

        terminal.Output.WriteLine(started.Count == 0
            ? $"the mesh is running already, gateway at {addresses["gateway"]}"
            : $"the mesh is ready, gateway at {addresses["gateway"]} (logs in {folder.Path})");
    }

    /// <summary>Stops everything that runs, the Gateway first so that nobody calls into a service that leaves.</summary>
    public async Task StopAsync(bool force, CancellationToken cancellationToken)
    {
        using var exclusive = Lock();
        var stuck = new List<string>();
        var count = 0;
        var processes = MeshService.All.Select(service => new ServiceProcess(folder, service)).Reverse().ToList();
        await Task.WhenAll(processes.Select(StopOneAsync));
        if (stuck.Count > 0)
        {
            throw new CliException($"still running after {StopLimit.TotalSeconds:0} s: {string.Join(", ", stuck)}. Calls in progress are allowed to finish; "
                + "to end them now: realign down --force", ExitCodes.Failure);
        }

        terminal.Output.WriteLine(count == 0 ? "the mesh was not running" : $"{count} services stopped");

        async Task StopOneAsync(ServiceProcess process)
        {
            if (process.FindRunning() is not { } record)
            {
                process.Forget();
                return;
            }

            _ = Interlocked.Increment(ref count);
            if (await process.StopAsync(record, force ? TimeSpan.FromSeconds(2) : StopLimit, cancellationToken))
                return;
            if (force)
            {
                process.Kill(record);
                return;
            }

            lock (stuck)
                stuck.Add(process.Service.Name);
        }
    }

    /// <summary>Settings and addresses are read when a service starts: a mesh that runs with others is not what was asked for.</summary>
    private static void CheckSame(Dictionary<ServiceProcess, ServiceRecord> running, Dictionary<string, string> addresses, IReadOnlyList<string> settings)
    {
        foreach (var (process, record) in running)
        {
            if (record.Address != addresses[process.Service.Name])
            {
                throw new CliException($"the mesh runs already, with its {process.Service.Name} at {record.Address}. Use it there, or stop it first: "
                    + $"realign down",
                    ExitCodes.Failure);
            }

            if (settings.Count > 0 && !settings.SequenceEqual(record.Settings))
            {
                var own = record.Settings.Count == 0 ? "without settings of its own" : $"with {string.Join(' ', record.Settings)}";
                throw new CliException($"the mesh runs already, {own}; settings are read when a service starts. Stop it first: realign down",
                    ExitCodes.Failure);
            }
        }
    }

    private FileStream Lock()
    {
        try
        {
            _ = Directory.CreateDirectory(folder.Path);
            return new FileStream(folder.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception) when (exception.HResult == WouldBlock)
        {
            throw new CliException("another realign up or down is at work; wait for it", ExitCodes.Failure);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"{folder.Path} cannot be written: {exception.Message} Free it, or name another folder with REALIGN_STATE",
                ExitCodes.Failure);
        }
    }

    private static string ProgramOf(MeshService service, string? programs)
    {
        // artifacts/bin/Realign.Cli/<configuration>/ lies beside artifacts/bin/Realign.Generator/<configuration>/
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd('/'));
        var path = programs is not null
            ? Path.Combine(Path.GetFullPath(programs), service.Assembly, service.Assembly)
            : Path.Combine(own.Parent!.Parent!.FullName, service.Assembly, own.Name, service.Assembly);
        return File.Exists(path)
            ? path
            : throw new CliException($"{service.Name} is not built: there is no {path}. Build it with ./run, or dotnet build Realign.slnx", ExitCodes.Failure);
    }

    private static IEnumerable<string> Arguments(MeshService service, Dictionary<string, string> addresses, IReadOnlyList<string> settings)
    {
        yield return $"--urls={addresses[service.Name]}";
        if (service == MeshService.Gateway)
        {
            foreach (var backend in MeshService.All.Where(other => other != MeshService.Gateway))
                yield return $"--Gateway:{backend.Section}={addresses[backend.Name]}";
        }

        foreach (var setting in settings)
            yield return $"--{setting}";
    }

    /// <summary>Asks every service for its health until all serve.</summary>
    private async Task WaitAsync(Dictionary<ServiceProcess, ServiceRecord> processes, TimeSpan limit, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var waiting = processes.ToDictionary(pair => pair.Key, pair => new ServiceChannel(pair.Value.Address));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            await terminal.Messages.Status().StartAsync("starting", async context =>
            {
                while (waiting.Count > 0)
                {
                    foreach (var (process, channel) in waiting.ToList())
                    {
                        if (!processes[process].IsAlive())
                            throw new CliException($"{process.Service.Name} ended while starting. The end of {process.Log.Path}:\n{process.Log.Tail(12)}",
                                ExitCodes.Failure);
                        if (!await IsServingAsync(channel, cancellationToken))
                            continue;
                        channel.Dispose();
                        _ = waiting.Remove(process);
                        var seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
                        terminal.Note(FormattableString.Invariant($"{process.Service.Name} serves after {seconds:0.0} s"));
                    }

                    if (TimeProvider.System.GetElapsedTime(start) > limit)
                    {
                        var late = waiting.Keys.First();
                        throw new CliException($"not serving after {limit.TotalSeconds:0} s: "
                            + $"{string.Join(", ", waiting.Keys.Select(process => process.Service.Name))}. "
                            + $"The end of {late.Log.Path}:\n{late.Log.Tail(12)}", ExitCodes.Failure);
                    }

                    if (waiting.Count == 0)
                        break;
                    _ = context.Status(Markup.Escape($"waiting for {string.Join(", ", waiting.Keys.Select(process => process.Service.Name))}"));
                    _ = await timer.WaitForNextTickAsync(cancellationToken);
                }
            });
        }
        finally
        {
            foreach (var channel in waiting.Values)
                channel.Dispose();
        }
    }

    private static async Task<bool> IsServingAsync(ServiceChannel channel, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await new Health.HealthClient(channel.Invoker).CheckAsync(new HealthCheckRequest(), ServiceChannel.Options(5, cancellationToken));
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
