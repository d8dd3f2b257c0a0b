using System.CommandLine;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Numbers are read one way, whatever the option.</summary>
[Collection(Cli.Collection)]
public sealed class NumberTests
{
    [Fact]
    public void EveryNumericOption_RefusesWhatIsNoNumber()
    {
        var root = RealignCli.BuildRoot(new Terminal(TextWriter.Null, TextWriter.Null));
        var options = Tree(root).SelectMany(command => command.Options.Select(option => (Command: command, Option: option)))
            .Where(pair => IsNumber(pair.Option.ValueType)).ToList();

        options.Count.ShouldBeGreaterThan(15);
        foreach (var (command, option) in options)
        {
            foreach (var text in new[] { "4,5", "1,000", "0x10", "NaN", "Infinity", "1e999", "four", "", "4 5", "\u0664" })
            {
                var parsed = root.Parse([.. Names(command), .. command.Arguments.Select(_ => "x"), option.Name, text]);
                parsed.Errors.ShouldContain(error => error.Message.StartsWith($"{option.Name} takes ", StringComparison.Ordinal),
                    $"{command.Name} {option.Name} {text}");
            }
        }
    }

    [Theory]
    [InlineData("--guidance-scale", "4,5")]
    [InlineData("--eta", "0,7")]
    [InlineData("--num-inference-steps", "2.5")]
    public async Task WrongNumber_EndsWithUsage_AndSaysWhatIsTaken(string option, string value)
    {
        using var cli = new Cli();

        var (code, _, error) = await Cli.RunAsync("generate", "a red car", option, value);

        code.ShouldBe(ExitCodes.Usage);
        error.ShouldContain($"not '{value}'");
    }

    [Fact]
    public async Task OutputThatCannotBeWritten_IsFoundOutBeforeTheCall()
    {
        using var cli = new Cli();
        await File.WriteAllTextAsync(cli.In("file"), "", TestContext.Current.CancellationToken);

        // nothing listens there: the call itself would end with Unavailable
        var realign = await Cli.RunAsync("realign", "a red car", "--out", cli.In("file/below"), "--gateway", "http://127.0.0.1:1");
        var generate = await Cli.RunAsync("generate", "a red car", "--out", cli.Folder, "--address", "http://127.0.0.1:1");

        realign.Code.ShouldBe(ExitCodes.Usage);
        realign.Error.ShouldContain("--out");
        generate.Code.ShouldBe(ExitCodes.Usage);
        generate.Error.ShouldContain("is a folder");
    }

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is { IsPrimitive: true } number && number != typeof(bool);

    private static IEnumerable<Command> Tree(Command command) => command.Subcommands.SelectMany(Tree).Prepend(command);

    private static IEnumerable<string> Names(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? [.. Names(parent), command.Name] : [];
}
