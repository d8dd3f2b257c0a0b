namespace Realign.World;

/// <summary>Sentences of the world, as its models were trained on them; <see cref="ScenePrompt.Parse"/> reads them back.</summary>
public static class Caption
{
    private static readonly string[] Counts = ["", "a", "two", "three", "four", "five", "six"];

    /// <summary>The caption of a scene: its objects in order, with their relation where it has one; equal objects are counted.</summary>
    public static string Of(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var kinds = scene.Objects.GroupBy(item => (item.Noun, item.Color))
            .Select(group => new DemandedObject(group.Key.Noun, group.Key.Color, group.Count()));
        return Of(new Demand([.. kinds], scene.Relation is { } relation ? [relation] : []));
    }

    /// <summary>
    /// The prompt of a demand: "a red car", "a red car and two pink cats", "a red car, a pink elephant and a blue chair", "a cat above a dog".
    /// </summary>
    public static string Of(Demand demand)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var text = Phrase(demand.Objects[0]);
        for (var index = 1; index < demand.Objects.Count; index++)
        {
            var relations = demand.Relations.Where(relation => relation.Subject == index - 1 && relation.Reference == index).ToList();
            var joint = relations.Count > 0 ? $" {Words(relations[0].Relation)} " : index == demand.Objects.Count - 1 ? " and " : ", ";
            text += joint + Phrase(demand.Objects[index]);
        }

        return text;
    }

    /// <summary>One object with its article or number, e.g. "an orange umbrella", "two red cars", "an elephant".</summary>
    public static string Phrase(DemandedObject item)
    {
        ArgumentNullException.ThrowIfNull(item);
        var words = $"{(item.Color is null ? "" : item.Color + " ")}{(item.Count == 1 ? item.Noun : Glyphs.Plural(item.Noun))}";
        return item.Count == 1 ? $"{("aeiou".Contains(words[0], StringComparison.Ordinal) ? "an" : "a")} {words}" : $"{Counts[item.Count]} {words}";
    }

    /// <summary>The words of a relation, e.g. "to the left of".</summary>
    public static string Words(Relation relation) => relation switch
    {
        Relation.LeftOf => "to the left of",
        Relation.RightOf => "to the right of",
        Relation.Above => "above",
        Relation.Below => "below",
        _ => "next to",
    };
}
