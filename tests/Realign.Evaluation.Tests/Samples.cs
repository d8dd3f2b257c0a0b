using Realign.Evaluation.Arms;
using Realign.Evaluation.Prompts;
using Realign.Evaluation.Reading;
using Realign.Evaluation.Runs;
using Realign.World;

namespace Realign.Evaluation.Tests;

/// <summary>Runs and records written by hand.</summary>
internal static class Samples
{
    public static RunPlan Plan(string[] arms, string[] prompts, params ulong[] seeds) => new(
        ArmParser.ParseAll(arms),
        [new PromptSet("sample", [.. prompts.Select((text, index) => new EvaluationPrompt("sample", index, text, ScenePrompt.Parse(text)))])],
        seeds, WithOracle: true);

    /// <summary>A picture in which oracle and segmenter see the same.</summary>
    /// <param name="arm">Arm.</param>
    /// <param name="prompt">Place of the prompt.</param>
    /// <param name="text">The prompt.</param>
    /// <param name="seen">Objects such as "red car", from left to right.</param>
    public static PictureRecord Record(string arm, int prompt, string text, params string[] seen) => new()
    {
        Arm = arm,
        Set = "sample",
        Prompt = prompt,
        Seed = 0,
        Text = text,
        Png = $"pictures/{arm}-{prompt}.png",
        Refined = arm != "base",
        Attempt = 1,
        AttemptsMade = 1,
        Milliseconds = 600,
        Oracle = Scene(seen),
        Reading = new ReadingRecord
        {
            Tags = [.. seen.Select(item => item.Split(' ')[1])],
            Segments = Scene(seen),
            Caption = seen.Length == 0 ? "nothing" : string.Join(" and ", seen.Select(item => $"a {item}")),
            Clip = 0.25f,
            ClipModel = "clip test",
        },
    };

    public static SceneRecord Scene(params string[] seen) => new()
    {
        Width = 64,
        Height = 64,
        Objects = [.. seen.Select((item, index) => new SeenRecord(item.Split(' ')[1], item.Split(' ')[0], [20 * index, 20, (20 * index) + 18, 38], 0.9f))],
    };
}
