using Realign.Cli.Verifying;
using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Realigning;

/// <summary>A progress bar per attempt, with the stage it is in and what its images show. Attempts may run side by side.</summary>
/// <param name="add">Adds a bar with a description.</param>
internal sealed class AttemptBars(Func<string, ProgressTask> add)
{
    private readonly SortedDictionary<int, Bar> _bars = [];

    public void Begin(int attempt) => _bars[attempt] = new Bar(add(FormattableString.Invariant($"attempt {attempt}")));

    /// <param name="attempt">From 1.</param>
    /// <param name="stage">The stage it is in.</param>
    /// <param name="share">How much of it is done, 0..1.</param>
    public void Advance(int attempt, Stage stage, double share)
    {
        if (!_bars.TryGetValue(attempt, out var bar))
            return;
        var (from, to) = Span(stage, bar.IsRead);
        bar.Task.Value = Math.Max(bar.Task.Value, from + (share * (to - from)));
        bar.Task.Description = Describe(attempt, share < 1 ? StageBars.NameOf(stage) : "", bar.Shown);
    }

    public void Verified(int attempt, Verification verification)
    {
        if (!_bars.TryGetValue(attempt, out var bar))
            return;
        bar.IsRead = true;
        bar.Shown = VerdictWords.Summary(verification);
        bar.Task.Description = Describe(attempt, "", bar.Shown);
        if (verification.Picture == PictureKind.Refined)
            bar.End();
    }

    /// <summary>The call is over, and with it all attempts.</summary>
    public void End()
    {
        foreach (var bar in _bars.Values)
            bar.End();
    }

    /// <summary>How long an attempt has run; null = the bar is no attempt's.</summary>
    public string? TimeOf(int taskId) => _bars.Values.FirstOrDefault(bar => bar.Task.Id == taskId) is { Task.ElapsedTime: { } elapsed }
        ? FormattableString.Invariant($"{elapsed.TotalSeconds:0.00} s")
        : null;

    private static string Describe(int attempt, string stage, string shown) => Markup.Escape(
        string.Join(" · ", new[] { FormattableString.Invariant($"attempt {attempt}"), stage, shown }.Where(part => part.Length > 0)));

    /// <summary>Where a stage lies in an attempt, in percent: drawing takes most of the time.</summary>
    private static (double From, double To) Span(Stage stage, bool isRead) => stage switch
    {
        Stage.Coarse => (0, 44),
        Stage.Tag or Stage.Caption or Stage.Scene => (44, 47),
        Stage.Segment => (47, 50),
        Stage.Verify when !isRead => (50, 53),
        Stage.Refine => (53, 96),
        _ => (96, 100),
    };

    private sealed class Bar(ProgressTask task)
    {
        public ProgressTask Task { get; } = task;

        public bool IsRead { get; set; }

        public string Shown { get; set; } = "";

        public void End()
        {
            // the time of an attempt that is over stands still
            if (Task.StopTime is not null)
                return;
            Task.Value = 100;
            Task.StopTask();
        }
    }
}
