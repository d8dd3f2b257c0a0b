namespace Realign.Gateway.Realigning;

/// <summary>
/// Shares the places at which one noun was found among the objects with that noun. Each place goes to one object. What decides is how
/// well the detector finds an object's own description at a place ("red car"); where that does not tell them apart, the objects take
/// the surest places from left to right in the order of the prompt.
/// </summary>
internal static class ObjectPlaces
{
    /// <summary>Two detections that overlap more than this are the same thing.</summary>
    private const double SameThing = 0.5;

    /// <summary>Mean difference of scores below which descriptions tell nothing.</summary>
    private const double Margin = 0.02;

    /// <summary>The places of each object, none for those that get none.</summary>
    /// <param name="objects">Objects with one noun, in the order of the prompt.</param>
    /// <param name="places">Where the noun was found, surest first.</param>
    /// <param name="described">Where each object's own description was found; empty lists when it was not looked for.</param>
    public static IReadOnlyList<IReadOnlyList<Region>> Share(
        IReadOnlyList<SceneObject> objects, IReadOnlyList<Region> places, IReadOnlyList<IReadOnlyList<Region>> described)
    {
        // one object: its best places, all of them only for a plural without a number
        if (objects.Count == 1)
            return [objects[0].TakesAll ? places : [.. places.Take(objects[0].Count)]];

        // every object gets one place before any gets a second one
        var slots = Enumerable.Range(0, objects.Max(item => item.Count))
            .SelectMany(round => Enumerable.Range(0, objects.Count).Where(i => objects[i].Count > round))
            .Take(places.Count).Order().ToList();
        var taken = objects.Select(_ => new List<Region>()).ToList();
        var columns = Columns(slots, places, described);
        for (var i = 0; i < slots.Count; i++)
            taken[slots[i]].Add(places[columns[i]]);

        var greedy = Enumerable.Range(0, objects.Count).Where(i => objects[i].TakesAll).ToList();
        if (greedy.Count > 0)
        {
            foreach (var (place, _) in places.Select((place, column) => (place, column)).Where(pair => !columns.Contains(pair.column)))
                taken[greedy.MaxBy(i => Evidence(place, described[i]))].Add(place);
        }

        return taken;
    }

    private static int[] Columns(List<int> slots, IReadOnlyList<Region> places, IReadOnlyList<IReadOnlyList<Region>> described)
    {
        // the surest places, from left to right
        var inOrder = Enumerable.Range(0, slots.Count).OrderBy(column => places[column].CenterX).ToArray();
        var values = new double[slots.Count, places.Count];
        for (var row = 0; row < slots.Count; row++)
        {
            for (var column = 0; column < places.Count; column++)
                values[row, column] = Evidence(places[column], described[slots[row]]);
        }

        var best = BestAssignment.Of(values);
        return Sum(best) - Sum(inOrder) > Margin * slots.Count ? best : inOrder;

        double Sum(int[] columns) => columns.Select((column, row) => values[row, column]).Sum();
    }

    /// <summary>The best score of a description at a place; 0 where it was not found.</summary>
    private static double Evidence(Region place, IReadOnlyList<Region> described) =>
        described.Where(region => region.Overlap(place) >= SameThing).Select(region => region.Score).DefaultIfEmpty(0).Max();
}
