using System.Globalization;
using Realign.V1;

namespace Realign.Evaluation.Arms;

/// <summary>The settings of one arm. The services check the values themselves; here only what is no number or no name is refused.</summary>
/// <param name="spec">The arm as written, for errors.</param>
/// <param name="kind">Its kind: settings of the fine stage change nothing in a coarse picture.</param>
internal sealed class ArmSettings(string spec, ArmKind kind)
{
    private const string Keys =
        "guidance, steps, scheduler, adapter, gateway, generator (base only), power, fraction, cross, self, gain, mode, embeddings, extend";

    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public GenerateRequest Draw { get; } = new();

    public Modulation Modulation { get; } = new();

    public string? Gateway { get; private set; }

    public string? Generator { get; private set; }

    public void Set(string key, string value)
    {
        if (!_seen.Add(key) && key != "adapter")
            throw ArmParser.Wrong(spec, $"{key} is there twice", "leave one out");
        switch (key)
        {
            case "guidance": Draw.GuidanceScale = Number(key, value); break;
            case "steps": Draw.NumInferenceSteps = (int)Number(key, value); break;
            case "scheduler": Draw.Scheduler = SchedulerOf(value); break;
            case "adapter": Draw.Adapters.Add(AdapterOf(value)); break;
            case "gateway": Gateway = Address(key, value); break;
            case "generator" when kind == ArmKind.Base: Generator = Address(key, value); break;
            case "generator": throw ArmParser.Wrong(spec, "a Gateway chooses its Generator itself", "name a Gateway with gateway=ADDRESS");
            default: SetFine(key, value); break;
        }
    }

    private void SetFine(string key, string value)
    {
        switch (key)
        {
            case "power": Modulation.SchedulePower = Number(key, value); break;
            case "fraction": Modulation.StepFraction = Number(key, value); break;
            case "cross": Modulation.CrossAttentionWeight = Number(key, value); break;
            case "self": Modulation.SelfAttentionWeight = Number(key, value); break;
            case "gain": Modulation.MaxGain = Number(key, value); break;
            case "mode":
                Modulation.Mode = value switch
                {
                    "exact" => ModulationMode.Exact,
                    "safe" => ModulationMode.Safe,
                    _ => throw ArmParser.Wrong(spec, $"'{value}' is no mode", "use exact or safe"),
                };
                break;
            case "embeddings": Modulation.ReplaceEmbeddings = Switch(key, value); break;
            case "extend": Modulation.ExtendPrompt = Switch(key, value); break;
            default: throw ArmParser.Wrong(spec, $"there is no setting '{key}'", $"use one of {Keys}");
        }

        if (kind == ArmKind.Base)
            throw ArmParser.Wrong(spec, $"{key} belongs to the fine stage, which a base arm does not have", "leave it out");
    }

    private float Number(string key, string value) =>
        float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && float.IsFinite(number)
            ? number
            : throw ArmParser.Wrong(spec, $"{key}={value} is no number", "write it like 0.5");

    private bool Switch(string key, string value) =>
        value is "on" or "off" ? value == "on" : throw ArmParser.Wrong(spec, $"{key}={value} is unclear", "use on or off");

    private Scheduler SchedulerOf(string value) =>
        Enum.GetValues<Scheduler>().Where(known => known != Scheduler.Unspecified).Cast<Scheduler?>()
            .FirstOrDefault(known => string.Equals(known.ToString(), value.Replace("-", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase))
        ?? throw ArmParser.Wrong(spec, $"there is no scheduler '{value}'",
            $"use one of {string.Join(", ", Enum.GetNames<Scheduler>().Where(name => name != nameof(Scheduler.Unspecified)))}");

    private Adapter AdapterOf(string value)
    {
        var at = value.LastIndexOf('@');
        return at < 0 ? new Adapter { Name = value } : new Adapter { Name = value[..at], Strength = Number("adapter strength", value[(at + 1)..]) };
    }

    private string Address(string key, string value) => Uri.TryCreate(value, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
        ? value
        : throw ArmParser.Wrong(spec, $"{key}={value} is no address", "write it like http://127.0.0.1:5100");
}
