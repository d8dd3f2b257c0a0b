using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Realign.Cli.Commands;
using Realign.Cli.Connections;
using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Realigning;

/// <summary>
/// Works through a file with one prompt per line, and every seed for each. Files are named after the line's number (from 1) and the
/// seed; a pair whose files are there is skipped, so that an interrupted run goes on where it stopped.
/// </summary>
/// <param name="terminal">Progress and messages.</param>
/// <param name="channel">The Gateway.</param>
/// <param name="folder">Where the files go.</param>
/// <param name="deadlineSeconds">Time each call may take.</param>
/// <param name="requireVerified">Whether an image that is not verified makes the exit code.</param>
internal sealed class PromptList(Terminal terminal, ServiceChannel channel, string folder, double deadlineSeconds, bool requireVerified)
{
    private sealed record Job(int Line, ulong Seed, string Prompt);

    /// <returns>An exit code: 1 when a prompt failed, else 4 when an image is to be verified and is not; the others are done all the same.</returns>
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
                        task.Description = Markup.Escape($"{NameOf(job)} {(job.Prompt.Length > 40 ? $"{job.Prompt[..39]}…" : job.Prompt)}");
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
                terminal.Note($"{i + 1}/{left.Count}: {NameOf(left[i])}");
            }
        }

        if (failed > 0)
            return ExitCodes.Failure;
        var unverified = requireVerified ? jobs.Where(job => !IsVerified(job)).Select(NameOf).ToList() : [];
        if (unverified.Count == 0)
            return ExitCodes.Success;
        terminal.Error($"{unverified.Count} of {jobs.Count} are not verified: {string.Join(", ", unverified)}");
        return ExitCodes.NotVerified;
    }

    private async Task<int> DoAsync(Job job, Func<string, ulong, RealignRequest> toRequest, CancellationToken cancellationToken)
    {
        try
        {
            var record = await StageBars.RunAsync(terminal, quiet: true,
                bars => RealignRunner.RunAsync(channel, toRequest(job.Prompt, job.Seed), deadlineSeconds, bars, tables: null, cancellationToken));
            foreach (var note in Notes.Of(record.Coarse, record.Accepted.Refined))
                terminal.Note($"{NameOf(job)}: {note}");
            var parts = Parts(job);
            await WriteAsync(parts[0], record.Result.Png.ToByteArray(), cancellationToken);
            await WriteAsync(parts[1], record.Coarse.Images[0].Png.ToByteArray(), cancellationToken);
            await WriteAsync(parts[2], record.RefinedPng.ToByteArray(), cancellationToken);
            await WriteAsync(parts[3], System.Text.Encoding.UTF8.GetBytes(Terminal.ToText(record.ToJson())), cancellationToken);
            return 0;
        }
        catch (Grpc.Core.RpcException exception) when (exception.StatusCode is not (Grpc.Core.StatusCode.Unavailable or Grpc.Core.StatusCode.Cancelled))
        {
            terminal.Error($"{NameOf(job)}: {exception.Status.Detail}");
            return 1;
        }
    }

    /// <summary>A file is there whole or not at all.</summary>
    private static async Task WriteAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        await File.WriteAllBytesAsync($"{path}.part", content, cancellationToken);
        File.Move($"{path}.part", path, overwrite: true);
    }

    private static string NameOf(Job job) => string.Create(CultureInfo.InvariantCulture, $"{job.Line}-{job.Seed}");

    // what was done by an earlier run counts too
    private bool IsVerified(Job job)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(Parts(job)[^1]))?["verified"]?.GetValueKind() == JsonValueKind.True;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private string[] Parts(Job job)
    {
        var stem = Path.Combine(folder, NameOf(job));
        return [$"{stem}-result.png", $"{stem}-coarse.png", $"{stem}-refined.png", $"{stem}-stages.json"];
    }
}
