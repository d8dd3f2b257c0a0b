using Realign.Core.Errors;
using Realign.Evaluation.Arms;
using Realign.Evaluation.Drawing;
using Realign.Evaluation.Prompts;
using Realign.Evaluation.Reading;
using Realign.Evaluation.Reports;
using Realign.Evaluation.Runs;

namespace Realign.Evaluation;

/// <summary>One evaluation: draws what is missing, then counts and writes the report.</summary>
internal sealed class Evaluation(TextWriter output, TextWriter error)
{
    private const string DefaultSet = "mini-three";
    private const int MaxParallel = 64;

    /// <returns>An exit code.</returns>
    /// <exception cref="EvaluationException">Something the user can act on.</exception>
    public async Task<int> RunAsync(EvaluationOptions options, CancellationToken cancellationToken)
    {
        if (options.Parallel is < 1 or > MaxParallel)
            throw new EvaluationException($"--parallel {options.Parallel}: use 1 to {MaxParallel}", EvaluationException.Usage);
        var plan = Plan(options);
        using var folder = RunFolder.Open(options.Folder, plan.Configuration);
        if (folder.DroppedTornLine)
            await error.WriteLineAsync("the last line of the results was not written to its end: it is dropped, and its pictures are drawn again");
        var there = plan.Pictures - plan.Missing(folder.Records.Select(record => record.Key)).Sum(job => job.Arms.Count);
        if (there > 0)
            await error.WriteLineAsync(FormattableString.Invariant($"{there} of {plan.Pictures} pictures are there already"));
        if (there < plan.Pictures)
        {
            using var mesh = await MeshClients.ConnectAsync(options.Gateway, cancellationToken);
            var run = new EvaluationRun(plan, folder, new PictureSource(mesh, options.Shares), new PictureReader(mesh));
            await RunProgress.ShowAsync(error, plan.Pictures - there, onDone => run.DrawAsync(options.Parallel, onDone, cancellationToken));
        }

        using var clip = plan.WithOracle ? LoadClip(options.ClipFolder) : null;
        var builder = new ReportBuilder(plan, clip is null ? null : new SceneDistance(clip, folder));
        var report = builder.Build(folder.Records, options.Command, cancellationToken);
        var page = ReportFiles.Write(folder.Path, report, builder.Judge(folder.Records));
        foreach (var (set, arm) in report.Sets.SelectMany(set => set.Arms.Select(arm => (set, arm))))
        {
            var figure = arm.AllBound is null ? $"CLIP {ReportTable.Text(arm.Clip)}" : $"all bound {ReportTable.Text(arm.AllBound)}";
            var against = arm.AllBoundAgainstBase is { } pair ? $"; against {pair.Base} {ReportTable.Text(pair)}" : "";
            await output.WriteLineAsync($"{set.Name}, {arm.Arm}: {figure}{against}");
        }

        await output.WriteLineAsync(page);
        return 0;
    }

    private static RunPlan Plan(EvaluationOptions options)
    {
        var arms = ArmParser.ParseAll(options.Arms);
        var names = options.Sets.Count + options.PromptFiles.Count > 0 ? options.Sets : [DefaultSet];
        List<PromptSet> sets =
        [
            .. names.Distinct().Select(name => PromptSet.Named(name, options.Limit, options.WithOracle)),
            .. options.PromptFiles.Distinct().Select(file => PromptSet.Load(file, options.Limit, options.WithOracle)),
        ];
        if (sets.DistinctBy(set => set.Name).Count() < sets.Count)
            throw new EvaluationException("two prompt sets have one name: rename a file", EvaluationException.Usage);
        return new RunPlan(arms, sets, options.Seeds, options.WithOracle);
    }

    /// <summary>The named folder, else the miniature's of the checkout; null where there is none.</summary>
    private ClipFeatures? LoadClip(string? folder)
    {
        for (var place = new DirectoryInfo(AppContext.BaseDirectory); folder is null && place is not null; place = place.Parent)
        {
            var miniature = Path.Combine(place.FullName, "models", "miniature", "clip");
            folder = Directory.Exists(miniature) ? miniature : null;
        }

        if (folder is null)
        {
            error.WriteLine("there is no models/miniature/clip here: the Fréchet distance is left out; --clip FOLDER names a CLIP model");
            return null;
        }

        try
        {
            return ClipFeatures.Load(folder);
        }
        catch (ModelLoadException exception)
        {
            throw new EvaluationException($"--clip: {exception.Message}", EvaluationException.NotThere);
        }
    }
}
