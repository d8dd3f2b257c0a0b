namespace Realign.Llama.Gbnf;

/// <summary>
/// Whether llama.cpp would take a grammar. The library says so by a null pointer that LLamaSharp puts into its sampler chain, and the
/// process ends at the first token: nothing that fails here may reach it.
/// </summary>
internal static class GbnfCheck
{
    private const int MaxCharacters = 1 << 20;

    /// <summary>What is wrong with a grammar; null when it may be used.</summary>
    public static string? Problem(string gbnf)
    {
        if (gbnf.Contains('\0', StringComparison.Ordinal))
            return "it holds NUL";
        if (gbnf.Length > MaxCharacters)
            return $"it is longer than {MaxCharacters} characters";
        var parser = new GbnfParser(gbnf);
        IReadOnlyDictionary<string, GbnfRule> rules;
        try
        {
            rules = parser.Parse();
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }

        if (!rules.ContainsKey("root"))
            return "rule 'root' is missing";
        foreach (var item in parser.Items.Where(item => item.Name is not null))
        {
            if (!rules.TryGetValue(item.Name!, out var target))
                return $"rule '{item.Name}' is not defined";
            item.Target = target;
        }

        FindEmpty(parser.Rules);
        if (parser.Items.Exists(item => item is { IsUnbounded: true, Target.MayBeEmpty: true }))
            return "what may be empty is repeated without limit";
        return IsLeftRecursive(parser.Rules) ? "a rule begins with itself" : null;
    }

    private static void FindEmpty(List<GbnfRule> rules)
    {
        for (var changed = true; changed;)
        {
            changed = false;
            foreach (var rule in rules.Where(rule => !rule.MayBeEmpty && rule.Alternatives.Exists(items => items.TrueForAll(item => item.MayBeEmpty))))
            {
                rule.MayBeEmpty = true;
                changed = true;
            }
        }
    }

    /// <summary>Takes away rules whose first items lead to no rule that is left; what cannot be taken away begins with itself.</summary>
    private static bool IsLeftRecursive(List<GbnfRule> rules)
    {
        var left = new HashSet<GbnfRule>(rules);
        for (var before = -1; before != left.Count;)
        {
            before = left.Count;
            _ = left.RemoveWhere(rule => !First(rule).Any(left.Contains));
        }

        return left.Count > 0;
    }

    private static IEnumerable<GbnfRule> First(GbnfRule rule)
    {
        foreach (var items in rule.Alternatives)
        {
            foreach (var item in items)
            {
                if (item.Target is { } target)
                    yield return target;
                if (!item.MayBeEmpty)
                    break;
            }
        }
    }
}
