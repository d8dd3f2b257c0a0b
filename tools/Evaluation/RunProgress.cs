using Spectre.Console;

namespace Realign.Evaluation;

/// <summary>A bar with the time that is left; where nobody watches, a line for every twentieth.</summary>
internal static class RunProgress
{
    public static async Task ShowAsync(TextWriter error, int pictures, Func<Action<int>, Task> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(error) });
        if (console.Profile.Capabilities.Interactive)
        {
            await console.Progress().AutoClear(false)
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
                    new SpinnerColumn())
                .StartAsync(async context =>
                {
                    var task = context.AddTask(FormattableString.Invariant($"{pictures} pictures"), maxValue: pictures);
                    await work(count => task.Increment(count));
                });
            return;
        }

        var start = TimeProvider.System.GetTimestamp();
        var (done, told) = (0, 0);
        await work(count =>
        {
            var now = Interlocked.Add(ref done, count);
            var part = 20 * now / pictures;
            if (Interlocked.Exchange(ref told, part) >= part)
                return;
            var left = TimeProvider.System.GetElapsedTime(start) / now * (pictures - now);
            error.WriteLine(FormattableString.Invariant($"{now} of {pictures} pictures, about {left:hh\\:mm\\:ss} left"));
        });
    }
}
