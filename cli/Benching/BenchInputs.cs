using Realign.V1;

namespace Realign.Cli.Benching;

/// <summary>What requests are made of.</summary>
/// <param name="Generate">Prompt and settings of a generation.</param>
/// <param name="Picture">The image that is read; only asked for where one is.</param>
/// <param name="Phrases">What is looked for in it.</param>
/// <param name="Rewards">What is scored.</param>
internal sealed record BenchInputs(GenerateRequest Generate, Func<Image> Picture, IReadOnlyList<string> Phrases, IReadOnlyList<RewardSpec> Rewards)
{
    public string Prompt => Generate.Prompt;

    public ScoreItem Item() => new() { Prompt = Prompt, Image = Picture() };
}
