using Realign.World;

namespace Realign.Metrics.Oracle;

/// <summary>Gives the seen objects to the demanded ones: first those of the right class and color, then those of the right class.</summary>
internal static class SceneComparison
{
    // of 64 pixels: "next to" is nearer than this
    private const double NearGap = 0.25;

    public static SceneJudgement Of(SceneReading reading, Demand demand)
    {
        ArgumentNullException.ThrowIfNull(reading);
        ArgumentNullException.ThrowIfNull(demand);
        var free = reading.Objects.ToList();
        var taken = demand.Objects.Select(_ => new List<SeenObject>()).ToArray();
        var bound = new int[taken.Length];
        Take(withColor: true);
        bound = [.. taken.Select(list => list.Count)];
        Take(withColor: false);
        var judged = new List<ObjectJudgement>();
        for (var index = 0; index < taken.Length; index++)
        {
            var wanted = demand.Objects[index];
            var surplus = free.Count(seen => seen.Noun == wanted.Noun);
            judged.Add(new ObjectJudgement(wanted, taken[index], taken[index].Count + surplus, wanted.Color is null ? taken[index].Count : bound[index]));
        }

        return new SceneJudgement(judged, [.. demand.Relations.Select(relation => (relation, Holds(relation, judged, reading)))], free.Count);

        void Take(bool withColor)
        {
            for (var index = 0; index < taken.Length; index++)
            {
                var wanted = demand.Objects[index];
                foreach (var seen in free.Where(seen => seen.Noun == wanted.Noun && (!withColor || seen.Color == wanted.Color)).ToList())
                {
                    if (taken[index].Count == wanted.Count)
                        break;
                    taken[index].Add(seen);
                    _ = free.Remove(seen);
                }
            }
        }
    }

    /// <summary>Between all objects of the one side and all of the other.</summary>
    private static bool Holds(SceneRelation relation, List<ObjectJudgement> judged, SceneReading reading)
    {
        var (subject, reference) = (judged[relation.Subject], judged[relation.Reference]);
        return subject.IsPresent && reference.IsPresent
            && subject.Seen.All(one => reference.Seen.All(other => Holds(relation.Relation, one, other, Math.Max(reading.Width, reading.Height))));
    }

    /// <summary>By the middles of the boxes: the side on which they differ most, as T2I-CompBench does.</summary>
    private static bool Holds(Relation relation, SeenObject one, SeenObject other, int side)
    {
        var (x, y) = (other.CenterX - one.CenterX, other.CenterY - one.CenterY);
        return relation switch
        {
            Relation.LeftOf => x > 0 && x > Math.Abs(y),
            Relation.RightOf => x < 0 && -x > Math.Abs(y),
            Relation.Above => y > 0 && y > Math.Abs(x),
            Relation.Below => y < 0 && -y > Math.Abs(x),
            _ => Math.Max(Gap(one.Box.X0, one.Box.X1, other.Box.X0, other.Box.X1), Gap(one.Box.Y0, one.Box.Y1, other.Box.Y0, other.Box.Y1)) <= NearGap * side,
        };
    }

    private static float Gap(float from, float to, float otherFrom, float otherTo) => Math.Max(otherFrom - to, from - otherTo);
}
