using System.Globalization;
using Realign.Cli.Commands;
using Realign.Cli.Connections;
using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Realigning;

/// <summary>
/// Works through a file with one prompt per line, and every seed for each. Files are named after the line's number (from 1) and the
/// seed; a pair whose three files are there is skipped, so that an interrupted run goes on where it stopped.
/// </summary>
internal sealed class PromptList(Terminal terminal, ServiceChannel channel, string folder, double deadlineSeconds)
{
    private sealed record Job(int Line, ulong Seed, string Prompt);

    /// <returns>An exit code: 1 when a prompt failed; the others are done all the same.</returns>
    public async Task<int> RunAsync(string file, IReadOnlyList<ulong> seeds, Func<string, ulong, RealignRequest> toRequest, CancellationToken cancellationToken)
    {
        if (!File.Exists(file))
            throw new CliException($"there is no file {file}", ExitCodes.Usage);
        var lines = await File.ReadAllLinesAsync(file, cancellationToken);
        var jobs = lines.SelectMany((line, index) => seeds.Select(seed => new Job(index + 1, seed, line.Trim()))).Where(job => job.Prompt.Length > 0).ToList();
        if (jobs.Count == 0)
            throw new CliException($"{file} holds no prompt: write one per line", ExitCodes.Usage);
        OutputFolder.Check(folder);
        _ = Directory.CreateDirectory(folder);
        var left = jobs.Where(job => !Parts(job).All(File.Exists)).ToList();
        if (left.Count < jobs.Count)
            terminal.Note($"{jobs.Count - left.Count} of {jobs.Count} are there already");

        var failed = 0;
        if (terminal.Messages.Profile.Capabilities.Interactive)
        {
            await terminal.Messages.Progress().AutoClear(false)
                .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
                    new SpinnerColumn())
                .StartAsync(async context =>
                {
                    var task = context.AddTask($"{left.Count} images", maxValue: Math.Max(1, left.Count));
                    foreach (var job in left)
                    {
                        task.Description = Markup.Escape($"{job.Line}-{job.Seed} {(job.Prompt.Length > 40 ? $"{job.Prompt[..39]}…" : job.Prompt)}");
                        failed += await DoAsync(job, toRequest, cancellationToken);
                        task.Increment(1);
                    }

                    task.Value = task.MaxValue;
                });
        }
        else
        {
            for (var i = 0; i < left.Count; i++)
            {
                failed += await DoAsync(left[i], toRequest, cancellationToken);
                terminal.Note($"{i + 1}/{left.Count}: {left[i].Line}-{left[i].Seed}");
            }
        }

        return failed == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private async Task<int> DoAsync(Job job, Func<string, ulong, RealignRequest> toRequest, CancellationToken cancellationToken)
    {
        try
        {
            var record = await StageBars.RunAsync(terminal, quiet: true,
                bars => RealignRunner.RunAsync(channel, toRequest(job.Prompt, job.Seed), deadlineSeconds, bars, cancellationToken));
            foreach (var note in Notes.Of(record.Coarse, record.Refined))
                terminal.Note(string.Create(CultureInfo.InvariantCulture, $"{job.Line}-{job.Seed}: {note}"));
            var parts = Parts(job);
            await WriteAsync(parts[0], record.Coarse.Images[0].Png.ToByteArray(), cancellationToken);
            await WriteAsync(parts[1], record.Result.Png.ToByteArray(), cancellationToken);
            await WriteAsync(parts[2], System.Text.Encoding.UTF8.GetBytes(Terminal.ToText(record.ToJson())), cancellationToken);
            return 0;
        }
        catch (Grpc.Core.RpcException exception) when (exception.StatusCode is not (Grpc.Core.StatusCode.Unavailable or Grpc.Core.StatusCode.Cancelled))
        {
            terminal.Error($"{job.Line}-{job.Seed}: {exception.Status.Detail}");
            return 1;
        }
    }

    /// <summary>A file is there whole or not at all.</summary>
    private static async Task WriteAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        await File.WriteAllBytesAsync($"{path}.part", content, cancellationToken);
        File.Move($"{path}.part", path, overwrite: true);
    }

    private string[] Parts(Job job)
    {
        var stem = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{job.Line}-{job.Seed}"));
        return [$"{stem}-coarse.png", $"{stem}-refined.png", $"{stem}-stages.json"];
    }
}
