using System.CommandLine;
using System.CommandLine.Parsing;
using Realign.Cli.Benching;

namespace Realign.Cli.Commands;

/// <summary>Options that say how calls are made and how long they are measured.</summary>
internal sealed class LoadOptions
{
    private const int MostConcurrency = 4096;
    private const double MostRate = 100_000;
    private const double MostMultiple = 100;
    private const double MostSeconds = 3600;
    private static readonly double[] _usualMultiples = [0.5, 1, 2, 3];
    private static readonly int[] _usualConcurrency = [1, 2, 4, 8];

    private readonly Option<string?> _concurrency = new("--concurrency")
    {
        Description = "Closed loop: so many callers, each of whom calls again when his call has ended [1; with --overload 1,2,4,8].",
        HelpName = "N,N,...",
    };

    private readonly Option<string?> _rate = new("--rate")
    {
        Description = "Open loop: so many calls a second, whatever becomes of them. They count from when they are due, made or not.",
        HelpName = "N,N,...",
    };

    private readonly Option<string?> _overload = new("--overload")
    {
        Description = "After that, open loops at multiples of the best throughput found [0.5,1,2,3].",
        HelpName = "X,X,...",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<double> _cancelAfter = new("--cancel-after")
    {
        Description = "Measure instead how soon the service takes a small call after the caller of this one left so many seconds into it.",
        HelpName = "SECONDS",
    };

    private readonly Option<string> _arrivals = new("--arrivals")
    {
        Description = "Pauses of open loops: even, or random as of many strangers.",
        HelpName = "constant|poisson",
        DefaultValueFactory = _ => "constant",
    };

    private readonly Option<string?> _tenants = new("--tenant")
    {
        Description = "Whose calls they are (x-tenant), and in which proportion.",
        HelpName = "NAME:N,NAME:N",
    };

    private readonly Option<double> _warmUp = Seconds("--warm-up", "Seconds before the first window of each load.", 1, 0);
    private readonly Option<double> _window = Seconds("--window", "Seconds of a window; longer where fewer than 5 calls end in it.", 5, 0.05);

    private readonly Option<int> _windows = new("--max-windows")
    {
        Description = "Leave a load that is not stable after so many windows.",
        HelpName = "N",
        DefaultValueFactory = _ => 10,
    };

    public LoadOptions() => _arrivals.AcceptOnlyFromAmong("constant", "poisson");

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_concurrency, _rate, _overload, _cancelAfter, _arrivals, _tenants, _warmUp, _window, _windows])
            command.Options.Add(option);
        _concurrency.Validators.Add(result => Check(result, Whole(Text(result)), $"whole numbers from 1 to {MostConcurrency}, e.g. 1,2,4"));
        _rate.Validators.Add(result => Check(result, Numbers(Text(result), MostRate), $"numbers above 0 and up to {MostRate}, e.g. 5,10,20"));
        _overload.Validators.Add(result => Check(
            result, result.Tokens.Count == 0 ? _usualMultiples : Numbers(Text(result), MostMultiple), $"multiples above 0 and up to {MostMultiple}, e.g. 0.5,1,2,3"));
        _tenants.Validators.Add(result => Check(result, TenantShares.Read(Text(result)), "names with whole shares of 1 to 1000, e.g. a:10,b:1"));
        _windows.Validators.Add(result =>
        {
            if (InvariantNumbers.TryRead<int>(Text(result), out var count) && count is < StabilityRule.Windows or > 1000)
                result.AddError($"--max-windows takes {StabilityRule.Windows} to 1000: fewer cannot be compared");
        });
        _cancelAfter.Validators.Add(result =>
        {
            if (InvariantNumbers.TryRead<double>(Text(result), out var seconds) && seconds is not (> 0 and <= MostSeconds))
                result.AddError($"--cancel-after takes more than 0 and at most {MostSeconds} seconds");
        });
        command.Validators.Add(result =>
        {
            if (result.GetResult(_cancelAfter) is not null && new Option[] { _concurrency, _rate, _overload, _tenants }.Any(other => result.GetResult(other) is not null))
                result.AddError("--cancel-after measures one call at a time: leave --concurrency, --rate, --overload and --tenant out");
        });
    }

    public BenchSettings Settings(ParseResult parsed, double deadline) => new(
        TimeSpan.FromSeconds(deadline), TimeSpan.FromSeconds(parsed.GetValue(_warmUp)), TimeSpan.FromSeconds(parsed.GetValue(_window)),
        parsed.GetValue(_windows));

    public TenantShares Tenants(ParseResult parsed) => parsed.GetValue(_tenants) is { } text ? TenantShares.Read(text)! : TenantShares.None;

    public bool IsPoisson(ParseResult parsed) => parsed.GetValue(_arrivals) == "poisson";

    /// <returns>Null = loads are to be measured.</returns>
    public TimeSpan? CancelAfter(ParseResult parsed) => parsed.GetResult(_cancelAfter) is null ? null : TimeSpan.FromSeconds(parsed.GetValue(_cancelAfter));

    public IReadOnlyList<int> Concurrency(ParseResult parsed)
    {
        if (parsed.GetValue(_concurrency) is { } text)
            return Whole(text)!;
        if (parsed.GetResult(_overload) is not null)
            return _usualConcurrency;
        return parsed.GetResult(_rate) is null ? [1] : [];
    }

    public IReadOnlyList<double> Rates(ParseResult parsed) => parsed.GetValue(_rate) is { } text ? Numbers(text, MostRate)! : [];

    public IReadOnlyList<double> Multiples(ParseResult parsed) => parsed.GetResult(_overload) is null
        ? []
        : parsed.GetValue(_overload) is { } text ? Numbers(text, MostMultiple)! : _usualMultiples;

    private static Option<double> Seconds(string name, string description, double usual, double least)
    {
        var option = new Option<double>(name) { Description = description, HelpName = "SECONDS", DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (InvariantNumbers.TryRead<double>(Text(result), out var seconds) && (seconds < least || seconds > MostSeconds))
                result.AddError(FormattableString.Invariant($"{name} takes {least} to {MostSeconds} seconds"));
        });
        return option;
    }

    private static void Check(OptionResult result, object? read, string expected)
    {
        if (read is null)
            result.AddError($"{result.Option.Name} takes {expected}; not '{Text(result)}'");
    }

    private static string Text(OptionResult result) => result.Tokens is [var token] ? token.Value : "";

    private static List<int>? Whole(string text)
    {
        var numbers = Numbers(text, MostConcurrency);
        return numbers is null || numbers.Exists(number => number % 1 != 0) ? null : numbers.ConvertAll(number => (int)number);
    }

    private static List<double>? Numbers(string text, double most)
    {
        var numbers = new List<double>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!InvariantNumbers.TryRead<double>(part, out var number) || number <= 0 || number > most)
                return null;
            numbers.Add(number);
        }

        return numbers;
    }
}
