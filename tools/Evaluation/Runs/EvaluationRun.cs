using Realign.Evaluation.Drawing;
using Realign.Evaluation.Reading;

namespace Realign.Evaluation.Runs;

/// <summary>Draws and reads everything that a run's folder lacks.</summary>
internal sealed class EvaluationRun(RunPlan plan, RunFolder folder, PictureSource source, PictureReader reader)
{
    /// <summary>Draws.</summary>
    /// <param name="parallel">Prompts and seeds at once, at least 1.</param>
    /// <param name="onDone">Told how many pictures have been added.</param>
    /// <param name="cancellationToken">Ends the work; what is drawn is kept.</param>
    public Task DrawAsync(int parallel, Action<int> onDone, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        plan.Missing(folder.Records.Select(record => record.Key)),
        new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
        async (job, token) =>
        {
            var drawn = await source.DrawAsync(job.Prompt.Text, job.Seed, job.Arms, token);
            var records = new List<PictureRecord>();
            // a picture that several arms have is read once
            var read = new Dictionary<string, (ReadingRecord Reading, SceneRecord? Oracle)>(StringComparer.Ordinal);
            foreach (var arm in job.Arms)
            {
                var picture = drawn[arm.Name];
                var png = folder.Store(picture.Png);
                if (!read.TryGetValue(png, out var seen))
                    read[png] = seen = (await reader.ReadAsync(picture.Png, job.Prompt, token), plan.WithOracle ? Oracle.Read(picture.Png) : null);
                records.Add(new PictureRecord
                {
                    Arm = arm.Name,
                    Set = job.Prompt.Set,
                    Prompt = job.Prompt.Index,
                    Seed = job.Seed,
                    Text = job.Prompt.Text,
                    Png = png,
                    Refined = picture.Refined,
                    Attempt = picture.Attempt,
                    AttemptsMade = picture.AttemptsMade,
                    Milliseconds = Math.Round(picture.Milliseconds, 1),
                    Verification = picture.Verification,
                    Oracle = seen.Oracle,
                    Reading = seen.Reading,
                });
            }

            folder.Append(records);
            onDone(records.Count);
        });
}
