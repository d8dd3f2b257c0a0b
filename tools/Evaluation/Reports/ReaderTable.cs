using Realign.Evaluation.Reading;
using Realign.V1;
using Realign.World;

namespace Realign.Evaluation.Reports;

/// <summary>The readers against the oracle: what verification can do at best, and what it does.</summary>
internal static class ReaderTable
{
    private const string There = "the object is there";
    private const string Bound = "the object is there in the demanded color";

    /// <summary>One row per reader and claim; a picture that several arms have counts once, but in the rows of the arms.</summary>
    public static IReadOnlyList<ReaderQuality> Of(IReadOnlyList<JudgedPicture> pictures)
    {
        var judged = pictures.Where(picture => picture.Truth is not null).ToList();
        if (judged.Count == 0)
            return [];
        var distinct = judged.DistinctBy(picture => (picture.Record.Png, picture.Record.Text)).ToList();
        var rows = new List<ReaderQuality>
        {
            ReaderQuality.Of("tagger", There, distinct.SelectMany(picture => Glyphs.Nouns.Select(noun =>
                (picture.Record.Reading.Tags?.Contains(noun, StringComparer.Ordinal), picture.Record.Oracle!.Objects.Any(seen => seen.Noun == noun))))),
            ReaderQuality.Of("segmenter", There, distinct.SelectMany(picture => Pairs(picture, index => picture.Segments?.Objects[index].IsPresent,
                index => picture.Truth!.Objects[index].IsPresent, withColor: false))),
            ReaderQuality.Of("segmenter and color of the mask", Bound, distinct.SelectMany(picture => Pairs(picture,
                index => picture.Segments?.Objects[index].IsBound, index => picture.Truth!.Objects[index].IsBound, withColor: true))),
            ReaderQuality.Of("captioner", There, distinct.SelectMany(picture => Pairs(picture,
                index => picture.Caption?.Objects.Any(said => said.Noun == picture.Demand!.Objects[index].Noun),
                index => picture.Truth!.Objects[index].IsPresent, withColor: false))),
            ReaderQuality.Of("captioner", Bound, distinct.SelectMany(picture => Pairs(picture,
                index => picture.Caption?.Objects.Any(said => (said.Noun, said.Color) == Demanded(picture, index)),
                index => picture.Truth!.Objects[index].IsBound, withColor: true))),
        };
        foreach (var arm in judged.Where(picture => picture.Record.Verification is not null).GroupBy(picture => picture.Record.Arm))
        {
            rows.Add(ReaderQuality.Of($"verification of {arm.Key}", "the object is confirmed", arm.SelectMany(VerdictPairs)));
            rows.Add(ReaderQuality.Of($"verification of {arm.Key}", "the picture is verified", arm.Select(picture =>
                ((bool?)picture.Record.Verification!.Verified, picture.IsRight))));
        }

        return [.. rows.Where(row => row.TruePositives + row.FalsePositives + row.FalseNegatives + row.TrueNegatives > 0)];
    }

    private static IEnumerable<(bool? Claim, bool Truth)> Pairs(JudgedPicture picture, Func<int, bool?> claim, Func<int, bool> truth, bool withColor) =>
        Enumerable.Range(0, picture.Demand!.Objects.Count).Where(index => !withColor || picture.Demand.Objects[index].Color is not null)
            .Select(index => (claim(index), truth(index)));

    private static (string Noun, string? Color) Demanded(JudgedPicture picture, int index) =>
        (picture.Demand!.Objects[index].Noun, picture.Demand.Objects[index].Color);

    /// <summary>The Gateway names objects as the SceneScorer does: each verdict goes to the first demanded object that it fits.</summary>
    private static IEnumerable<(bool? Claim, bool Truth)> VerdictPairs(JudgedPicture picture)
    {
        var free = picture.Record.Verification!.Objects.ToList();
        for (var index = 0; index < picture.Demand!.Objects.Count; index++)
        {
            var demanded = picture.Demand.Objects[index];
            var at = free.FindIndex(verdict => verdict.Noun == demanded.Noun && (demanded.Color is null || verdict.Attributes.Contains(demanded.Color)));
            if (at < 0)
                continue;
            bool? claim = free[at].Verdict switch { Verdict.Confirmed => true, Verdict.Contradicted => false, _ => null };
            free.RemoveAt(at);
            yield return (claim, picture.Truth!.Objects[index].IsBound);
        }
    }
}
