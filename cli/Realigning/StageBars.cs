using Realign.V1;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Realign.Cli.Realigning;

/// <summary>
/// A progress bar per stage, with the time that is left. Drawing reports its own; for the other stages it is what they took last time.
/// Of several attempts each has one bar instead (<see cref="AttemptBars"/>). Where nobody watches (a pipe, --json) a line per finished
/// stage is written instead.
/// </summary>
internal sealed class StageBars
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    private readonly List<Bar> _bars = [];
    private readonly Func<string, ProgressTask>? _add;
    private readonly Action<string> _line;
    private readonly StageTimes _times;
    private readonly string? _name;
    private AttemptBars? _attempts;
    private bool _isOneOfSeveral;

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

    /// <summary>An attempt began.</summary>
    /// <param name="attempt">From 1.</param>
    /// <param name="attempts">Attempts at most.</param>
    public void BeginAttempt(int attempt, int attempts)
    {
        lock (_bars)
        {
            _isOneOfSeveral |= attempts > 1;
            if (!_isOneOfSeveral || _add is null)
                return;
            _attempts ??= new AttemptBars(_add);
            _attempts.Begin(attempt);
        }
    }

    /// <summary>An image of an attempt was compared with the prompt.</summary>
    public void Verified(int attempt, Verification verification)
    {
        lock (_bars)
            _attempts?.Verified(attempt, verification);
    }

    /// <summary>All attempts are over.</summary>
    public void EndAttempts()
    {
        lock (_bars)
            _attempts?.End();
    }

    /// <summary>A stage began.</summary>
    public void Begin(Stage stage, int attempt = 1)
    {
        lock (_bars)
        {
            var task = _attempts is null ? _add?.Invoke(_name ?? NameOf(stage)) : null;
            _bars.Add(new Bar(attempt, stage, task, _times.Of(stage)));
            _attempts?.Advance(attempt, stage, 0);
            if (task is not null)
                task.IsIndeterminate = _times.Of(stage) is null && stage is not (Stage.Coarse or Stage.Refine);
        }
    }

    /// <summary>A denoising stage did a step.</summary>
    public void Advance(Stage stage, GenerateProgress progress, int attempt = 1)
    {
        lock (_bars)
        {
            if (Running(attempt, stage) is not { } bar)
                return;
            bar.RemainingMilliseconds = progress.EtaMilliseconds > 0 ? progress.EtaMilliseconds : null;
            bar.HasSteps = true;
            if (progress.TotalSteps <= 0)
                return;
            // decoding follows the last step: the bar is full only when the image is here
            var share = 0.97 * progress.Step / progress.TotalSteps;
            _attempts?.Advance(attempt, stage, share);
            bar.Task?.Value = 100 * share;
        }
    }

    /// <summary>A stage is over.</summary>
    public void End(Stage stage, int attempt = 1, string? failure = null)
    {
        lock (_bars)
        {
            if (Running(attempt, stage) is not { } bar)
                return;
            bar.IsOver = true;
            bar.ElapsedMilliseconds = bar.Elapsed();
            if (failure is null)
                _times.Note(stage, bar.ElapsedMilliseconds);
            _attempts?.Advance(attempt, stage, 1);
            var name = _isOneOfSeveral ? FormattableString.Invariant($"attempt {attempt}: {NameOf(stage)}") : _name ?? NameOf(stage);
            _line(FormattableString.Invariant($"{name}: {failure ?? "done"} after {bar.ElapsedMilliseconds / 1000:0.00} s"));
            if (bar.Task is not { } task)
                return;
            task.IsIndeterminate = false;
            if (failure is null)
                task.Value = 100;
            task.StopTask();
        }
    }

    public static string NameOf(Stage stage) => stage.ToString().ToLowerInvariant();

    private Bar? Running(int attempt, Stage stage) => _bars.FindLast(bar => bar.Attempt == attempt && bar.Stage == stage && !bar.IsOver);

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Refresh);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                lock (_bars)
                {
                    foreach (var bar in _bars)
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
            if (_bars.Find(candidate => candidate.Task?.Id == taskId) is not { } bar)
                return _attempts?.TimeOf(taskId) ?? "";
            if (bar.IsOver)
                return FormattableString.Invariant($"{bar.ElapsedMilliseconds / 1000:0.00} s");
            return bar.RemainingMilliseconds is { } left ? FormattableString.Invariant($"{left / 1000:0.0} s left")
                : FormattableString.Invariant($"{bar.Elapsed() / 1000:0.0} s");
        }
    }

    private sealed class Bar(int attempt, Stage stage, ProgressTask? task, double? expectedMilliseconds)
    {
        private readonly long _start = TimeProvider.System.GetTimestamp();

        public int Attempt { get; } = attempt;

        public Stage Stage { get; } = stage;

        public ProgressTask? Task { get; } = task;

        public bool HasSteps { get; set; }

        public bool IsOver { get; set; }

        public double ElapsedMilliseconds { get; set; }

        public double? RemainingMilliseconds { get; set; }

        public double Elapsed() => TimeProvider.System.GetElapsedTime(_start).TotalMilliseconds;

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
