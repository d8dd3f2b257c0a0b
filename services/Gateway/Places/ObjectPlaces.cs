namespace Realign.Gateway.Places;

/// <summary>
/// Shares the places at which one noun was found among the objects with that noun. Each place goes to one object. What decides is how
/// well a place fits an object's own description ("red car"); where that does not tell them apart, the objects take the surest places
/// from left to right in the order of the prompt.
/// </summary>
internal static class ObjectPlaces
{
    /// <summary>Mean difference of the fits below which they tell nothing.</summary>
    private const double Margin = 0.02;

    /// <summary>The places of each object, none for those that get none.</summary>
    /// <param name="objects">Objects with one noun, in the order of the prompt.</param>
    /// <param name="places">Where the noun was found, surest first.</param>
    /// <param name="fit">How well a place fits an object, any finite number; the same everywhere when nothing is known.</param>
    public static IReadOnlyList<IReadOnlyList<Region>> Share(
        IReadOnlyList<SceneObject> objects, IReadOnlyList<Region> places, Func<SceneObject, Region, double> fit)
    {
        // every object gets one place before any gets a second one
        var slots = Enumerable.Range(0, objects.Max(item => item.Count))
            .SelectMany(round => Enumerable.Range(0, objects.Count).Where(i => objects[i].Count > round))
            .Take(places.Count).Order().ToList();
        var taken = objects.Select(_ => new List<Region>()).ToList();
        var columns = Columns([.. slots.Select(slot => objects[slot])], places, fit);
        for (var i = 0; i < slots.Count; i++)
            taken[slots[i]].Add(places[columns[i]]);

        // further places are only for plurals without a number
        var greedy = Enumerable.Range(0, objects.Count).Where(i => objects[i].TakesAll).ToList();
        if (greedy.Count > 0)
        {
            foreach (var (place, _) in places.Select((place, column) => (place, column)).Where(pair => !columns.Contains(pair.column)))
                taken[greedy.MaxBy(i => fit(objects[i], place))].Add(place);
        }

        return taken;
    }

    private static int[] Columns(List<SceneObject> slots, IReadOnlyList<Region> places, Func<SceneObject, Region, double> fit)
    {
        // the surest places, from left to right
        var inOrder = Enumerable.Range(0, slots.Count).OrderBy(column => places[column].CenterX).ToArray();
        var values = new double[slots.Count, places.Count];
        for (var row = 0; row < slots.Count; row++)
        {
            for (var column = 0; column < places.Count; column++)
                values[row, column] = fit(slots[row], places[column]);
        }

        var best = BestAssignment.Of(values);
        return Sum(best) - Sum(inOrder) > Margin * slots.Count ? best : inOrder;

        double Sum(int[] columns) => columns.Select((column, row) => values[row, column]).Sum();
    }
}
