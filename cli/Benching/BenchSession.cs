using System.CommandLine;
using Grpc.Core;
using Realign.Cli.Commands;
using Realign.Cli.Connections;
using Spectre.Console;

namespace Realign.Cli.Benching;

/// <summary>One run of <c>realign bench</c>: measures, shows where it is, and reports.</summary>
/// <param name="terminal">Where.</param>
/// <param name="channel">The service.</param>
/// <param name="result">What is filled.</param>
/// <param name="folder">Where files go; null = there are none.</param>
/// <param name="json">Whether JSON is printed instead of a table.</param>
internal sealed class BenchSession(Terminal terminal, ServiceChannel channel, BenchResult result, string? folder, bool json)
{
    private const double FirstCallSeconds = 60;

    private readonly CallInvoker _invoker = channel.Invoker;

    /// <summary>Does what the options ask for.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public async Task<int> RunAsync(BenchCall call, BenchCall small, LoadOptions options, ParseResult parsed, CancellationToken cancellationToken)
    {
        // a request that is refused is told once, with the reason, and not counted a thousand times; the first call of a service takes long
        var patience = Math.Max(FirstCallSeconds, result.Settings.Deadline.TotalSeconds);
        await call.SendAsync(_invoker, ServiceChannel.Options(patience, cancellationToken), () => { });
        try
        {
            await WatchedAsync(say => MeasureAsync(call, small, options, parsed, say, cancellationToken));
        }
        catch (OperationCanceledException) when (result.Points.Count > 0)
        {
            // loads that are measured are worth a minute each
            await ReportAsync();
            throw;
        }

        await ReportAsync();
        return result.Points.Exists(point => point.Figures.Ok == 0) ? ExitCodes.Failure : ExitCodes.Success;
    }

    private async Task MeasureAsync(
        BenchCall call, BenchCall small, LoadOptions options, ParseResult parsed, Action<string> say, CancellationToken cancellationToken)
    {
        if (options.CancelAfter(parsed) is { } after)
        {
            var probe = new CancelProbe(call, small, _invoker, result.Settings, TimeProvider.System);
            result.Cancel = await probe.RunAsync(after, round => say($"cancelled {round} of {CancelProbe.Rounds} calls"), cancellationToken);
            return;
        }

        var measurement = new LoadMeasurement(call, _invoker, result.Settings, TimeProvider.System);
        var runner = new BenchRunner(measurement, options.Tenants(parsed), options.IsPoisson(parsed), say);
        await runner.ClosedAsync(result, options.Concurrency(parsed), cancellationToken);
        await runner.OpenAsync(result, options.Rates(parsed), cancellationToken);
        if (options.Multiples(parsed) is { Count: > 0 } multiples)
            await runner.OverloadAsync(result, multiples, cancellationToken);
    }

    private Task WatchedAsync(Func<Action<string>, Task> work)
    {
        if (json || !terminal.Messages.Profile.Capabilities.Interactive)
            return work(json ? _ => { } : terminal.Note);
        return terminal.Messages.Status().StartAsync("connecting", context => work(text =>
        {
            terminal.Note(text);
            context.Status = Markup.Escape(text);
        }));
    }

    private async Task ReportAsync()
    {
        if (folder is not null)
        {
            _ = Directory.CreateDirectory(folder);
            await File.WriteAllTextAsync(Path.Combine(folder, "bench.json"), Terminal.ToText(result.ToJson()), CancellationToken.None);
            await File.WriteAllTextAsync(Path.Combine(folder, "bench.csv"), BenchSheet.Write(result), CancellationToken.None);
            await File.WriteAllBytesAsync(Path.Combine(folder, "bench.png"), BenchPicture.Draw(result), CancellationToken.None);
        }

        if (json)
        {
            terminal.Json(result.ToJson());
            return;
        }

        if (result.Points.Count > 0)
            terminal.Console.Write(BenchTable.Of(result));
        if (result.Cancel is { } cancel)
            terminal.Output.WriteLine(FormattableString.Invariant(
                $"a small call: {cancel.Idle.P50:0.0} ms (p95 {cancel.Idle.P95:0.0}); after the caller of a long one left: {cancel.Cancelled.P50:0.0} ms ")
                + FormattableString.Invariant($"(p95 {cancel.Cancelled.P95:0.0}, max {cancel.Cancelled.Max:0.0})"));
        if (folder is not null)
            terminal.Output.WriteLine(Path.Combine(folder, "bench.png"));
    }
}
