using Realign.Core.Configs;

namespace Realign.Diffusion.Schedulers;

/// <summary>The fields of a <c>scheduler_config.json</c>, as the schedulers' own configs read them.</summary>
/// <param name="Reader">Collects the problems.</param>
internal readonly record struct SchedulerFields(ConfigReader Reader)
{
    /// <summary>A value by its published name.</summary>
    public TValue OneOf<TValue>(string name, TValue fallback, params (string Name, TValue Value)[] choices)
    {
        if (!Reader.Has(name))
            return fallback;
        var text = Reader.OneOf(name, null, [.. choices.Select(choice => choice.Name)]);
        return Array.Find(choices, choice => choice.Name == text) is { Name: not null } found ? found.Value : fallback;
    }

    /// <summary>Whether the last sigma is the smallest of training instead of 0.</summary>
    public bool EndsAtSigmaMin() => OneOf("final_sigmas_type", false, ("zero", false), ("sigma_min", true));

    /// <summary>Spacing of the sigmas.</summary>
    public SigmaSpacing SigmaSpacing()
    {
        var chosen = new List<SigmaSpacing>();
        foreach (var (name, spacing) in ((string, SigmaSpacing)[])[
            ("use_karras_sigmas", Schedulers.SigmaSpacing.Karras), ("use_exponential_sigmas", Schedulers.SigmaSpacing.Exponential),
            ("use_beta_sigmas", Schedulers.SigmaSpacing.Beta), ("use_lu_lambdas", Schedulers.SigmaSpacing.LuLambdas)])
        {
            if (Reader.Bool(name, false))
                chosen.Add(spacing);
        }

        if (chosen.Count > 1)
            Reader.Problem($"only one spacing of the sigmas can be used, not {string.Join(" and ", chosen)}");
        return chosen.Count == 1 ? chosen[0] : Schedulers.SigmaSpacing.Timesteps;
    }
}
