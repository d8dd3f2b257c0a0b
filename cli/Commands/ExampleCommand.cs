using System.CommandLine;

namespace Realign.Cli.Commands;

/// <summary>A command whose help shows how it is used.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">One sentence.</param>
/// <param name="examples">Command lines, each with a comment behind two blanks and #.</param>
/// <param name="notes">What else one has to know; empty = nothing.</param>
internal sealed class ExampleCommand(string name, string description, IReadOnlyList<string> examples, string notes = "") : Command(name, description)
{
    public IReadOnlyList<string> Examples { get; } = examples;

    public string Notes { get; } = notes;
}
