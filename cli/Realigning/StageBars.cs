using Realign.V1;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Realign.Cli.Realigning;

/// <summary>
/// A progress bar per stage, with the time that is left. Drawing reports its own; for the other stages it is what they took last time.
/// Where nobody watches (a pipe, --json) a line per finished stage is written instead.
/// </summary>
internal sealed class StageBars
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<Stage, Bar> _bars = [];
    private readonly Func<string, ProgressTask>? _add;
    private readonly Action<string> _line;
    private readonly StageTimes _times;
    private readonly string? _name;

    private StageBars(Func<string, ProgressTask>? add, Action<string> line, StageTimes times, string? name)
    {
        _add = add;
        _line = line;
        _times = times;
        _name = name;
    }

    /// <summary>Shows bars while work runs.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="quiet">Show nothing.</param>
    /// <param name="work">The work; it reports to the bars.</param>
    /// <param name="name">Name of the only stage; null = the stages' own.</param>
    public static async Task<T> RunAsync<T>(Terminal terminal, bool quiet, Func<StageBars, Task<T>> work, string? name = null)
    {
        var times = StageTimes.Load();
        if (quiet || !terminal.Messages.Profile.Capabilities.Interactive)
        {
            var result = await work(new StageBars(null, quiet ? _ => { } : terminal.Note, times, name));
            times.Save();
            return result;
        }

        var remaining = new RemainingColumn();
        return await terminal.Messages.Progress().AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 32 }, new PercentageColumn(), new SpinnerColumn(),
                remaining)
            .StartAsync(async context =>
            {
                var bars = new StageBars(text => context.AddTask(text), _ => { }, times, name);
                remaining.Bars = bars;
                using var done = new CancellationTokenSource();
                var ticking = bars.TickAsync(done.Token);
                try
                {
                    var result = await work(bars);
                    times.Save();
                    return result;
                }
                finally
                {
                    await done.CancelAsync();
                    await ticking;
                }
            });
    }

    /// <summary>A stage began.</summary>
    public void Begin(Stage stage)
    {
        lock (_bars)
        {
            var task = _add?.Invoke(_name ?? NameOf(stage));
            _bars[stage] = new Bar(task, TimeProvider.System.GetTimestamp(), _times.Of(stage));
            if (task is not null)
                task.IsIndeterminate = _times.Of(stage) is null && stage is not (Stage.Coarse or Stage.Refine);
        }
    }

    /// <summary>A denoising stage did a step.</summary>
    public void Advance(Stage stage, GenerateProgress progress)
    {
        lock (_bars)
        {
            if (!_bars.TryGetValue(stage, out var bar))
                return;
            bar.RemainingMilliseconds = progress.EtaMilliseconds > 0 ? progress.EtaMilliseconds : null;
            bar.HasSteps = true;
            // decoding follows the last step: the bar is full only when the image is here
            if (bar.Task is { } task && progress.TotalSteps > 0)
                task.Value = 97.0 * progress.Step / progress.TotalSteps;
        }
    }

    /// <summary>A stage is over.</summary>
    public void End(Stage stage, string? failure = null)
    {
        lock (_bars)
        {
            if (!_bars.TryGetValue(stage, out var bar) || bar.IsOver)
                return;
            bar.IsOver = true;
            bar.ElapsedMilliseconds = bar.Elapsed();
            if (failure is null)
                _times.Note(stage, bar.ElapsedMilliseconds);
            _line(FormattableString.Invariant($"{_name ?? NameOf(stage)}: {failure ?? "done"} after {bar.ElapsedMilliseconds / 1000:0.00} s"));
            if (bar.Task is not { } task)
                return;
            task.IsIndeterminate = false;
            if (failure is null)
                task.Value = 100;
            task.StopTask();
        }
    }

    public static string NameOf(Stage stage) => stage.ToString().ToLowerInvariant();

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Refresh);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                lock (_bars)
                {
                    foreach (var bar in _bars.Values)
                        bar.Estimate();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // the work is done
        }
    }

    private string TimeOf(int taskId)
    {
        lock (_bars)
        {
            var bar = _bars.Values.FirstOrDefault(candidate => candidate.Task?.Id == taskId);
            if (bar is null)
                return "";
            if (bar.IsOver)
                return FormattableString.Invariant($"{bar.ElapsedMilliseconds / 1000:0.00} s");
            return bar.RemainingMilliseconds is { } left ? FormattableString.Invariant($"{left / 1000:0.0} s left")
                : FormattableString.Invariant($"{bar.Elapsed() / 1000:0.0} s");
        }
    }

    private sealed class Bar(ProgressTask? task, long start, double? expectedMilliseconds)
    {
        public ProgressTask? Task { get; } = task;

        public bool HasSteps { get; set; }

        public bool IsOver { get; set; }

        public double ElapsedMilliseconds { get; set; }

        public double? RemainingMilliseconds { get; set; }

        public double Elapsed() => TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;

        public void Estimate()
        {
            if (IsOver || HasSteps || expectedMilliseconds is not { } expected || Task is null)
                return;
            RemainingMilliseconds = Math.Max(0, expected - Elapsed());
            Task.Value = Math.Min(95, 100 * Elapsed() / expected);
        }
    }

    private sealed class RemainingColumn : ProgressColumn
    {
        public StageBars? Bars { get; set; }

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) =>
            new Markup($"[grey]{Bars?.TimeOf(task.Id) ?? ""}[/]").RightJustified();
    }
}
