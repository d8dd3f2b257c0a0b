using Realign.Evaluation.Arms;
using Realign.Evaluation.Reading;
using Realign.Evaluation.Runs;
using Realign.Metrics.Text;

namespace Realign.Evaluation.Reports;

/// <summary>Counts a run.</summary>
/// <param name="plan">What the run is of.</param>
/// <param name="distance">Fréchet distances; null where they cannot be computed.</param>
internal sealed class ReportBuilder(RunPlan plan, SceneDistance? distance)
{
    private const string AllSets = "all sets";

    /// <summary>The report of the pictures that are there.</summary>
    /// <param name="records">The pictures.</param>
    /// <param name="command">The command that repeats the run.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    public RunReport Build(IReadOnlyList<PictureRecord> records, string command, CancellationToken cancellationToken)
    {
        var judged = Judge(records);
        var sets = plan.Sets.Select(set => Set(set.Name, [.. judged.Where(picture => picture.Record.Set == set.Name)], cancellationToken)).ToList();
        if (sets.Count > 1)
            sets.Add(Set(AllSets, judged, cancellationToken));
        return new RunReport
        {
            Run = plan.Configuration,
            Command = command,
            Pictures = judged.Count,
            PicturesPlanned = plan.Pictures,
            Judges = Judges(judged),
            Base = Base.Name,
            Sets = sets,
            Readers = ReaderTable.Of(judged),
            Notes = Notes(judged.Count),
        };
    }

    /// <summary>The pictures of a run with what is demanded of them, in the order of the arms, sets, prompts and seeds.</summary>
    public IReadOnlyList<JudgedPicture> Judge(IReadOnlyList<PictureRecord> records)
    {
        var prompts = plan.Sets.SelectMany(set => set.Prompts).ToDictionary(prompt => (prompt.Set, prompt.Index));
        var byKey = records.DistinctBy(record => record.Key).ToDictionary(record => record.Key);
        return [.. from set in plan.Sets
                   from prompt in set.Prompts
                   from seed in plan.Seeds
                   from arm in plan.Arms
                   let record = byKey.GetValueOrDefault(new PictureKey(arm.Name, set.Name, prompt.Index, seed))
                   where record is not null
                   select new JudgedPicture(record, prompts[(set.Name, prompt.Index)])];
    }

    private Arm Base => plan.Arms.FirstOrDefault(arm => arm.Kind == ArmKind.Base) ?? plan.Arms[0];

    private SetReport Set(string name, IReadOnlyList<JudgedPicture> pictures, CancellationToken cancellationToken)
    {
        var byArm = pictures.ToLookup(picture => picture.Record.Arm);
        return new SetReport(name, pictures.DistinctBy(picture => (picture.Record.Set, picture.Record.Prompt)).Count(),
            [.. plan.Arms.Where(arm => byArm.Contains(arm.Name)).Select(arm =>
                Report(arm, [.. byArm[arm.Name]], [.. byArm[Base.Name]], cancellationToken))]);
    }

    private ArmReport Report(Arm arm, IReadOnlyList<JudgedPicture> pictures, IReadOnlyList<JudgedPicture> ofBase, CancellationToken cancellationToken)
    {
        var truths = pictures.Select(picture => picture.Truth).OfType<Metrics.Oracle.SceneJudgement>().ToList();
        var objects = truths.SelectMany(truth => truth.Objects).ToList();
        var demanded = objects.Sum(item => item.Demanded.Count);
        var pairs = arm.Name == Base.Name || truths.Count == 0 ? [] : Pairs(ofBase, pictures);
        var answers = pictures.Select(picture => picture.Answers()).Where(given => given.Count > 0).ToList();
        return new ArmReport
        {
            Arm = arm.Name,
            Pictures = pictures.Count,
            Objects = Share.Of(objects.Sum(item => item.Seen.Count), demanded),
            Bound = Share.Of(objects.Sum(item => item.Bound), demanded),
            AllBound = Share.Of(truths.Select(truth => truth.AllBound)),
            Relation = Share.Of(truths.Select(truth => truth.RelationHolds).OfType<bool>()),
            Right = Share.Of(pictures.Where(picture => picture.Truth is not null).Select(picture => picture.IsRight)),
            ExtraObjects = Mean.Of([.. truths.Select(truth => (double)truth.Extra)]),
            Tifa = Mean.Of([.. answers.Select(Tifa.OfImage)]),
            Clip = Mean.Of([.. pictures.Select(picture => (double)picture.Record.Reading.Clip)]),
            Frechet = distance?.Of(pictures, cancellationToken),
            Refined = Share.Of(pictures.Select(picture => picture.Record.Refined)),
            Attempts = Mean.Of([.. pictures.Select(picture => (double)picture.Record.AttemptsMade)]),
            Seconds = Mean.Of([.. pictures.Select(picture => picture.Record.Milliseconds / 1000)]),
            AllBoundAgainstBase = Comparison.Of(Base.Name, [.. pairs.Select(pair => (pair.Base.AllBound, pair.Arm.AllBound))]),
            RelationAgainstBase = Comparison.Of(Base.Name, [.. pairs.Where(pair => pair.Base.Truth!.RelationHolds is not null)
                .Select(pair => (pair.Base.Truth!.RelationHolds == true, pair.Arm.Truth!.RelationHolds == true))]),
        };
    }

    /// <summary>Pictures of one prompt and seed: where one of the two is missing, neither counts.</summary>
    private static List<(JudgedPicture Base, JudgedPicture Arm)> Pairs(IReadOnlyList<JudgedPicture> ofBase, IReadOnlyList<JudgedPicture> ofArm)
    {
        var byKey = ofBase.ToDictionary(picture => (picture.Record.Set, picture.Record.Prompt, picture.Record.Seed));
        return [.. from picture in ofArm
                   let other = byKey.GetValueOrDefault((picture.Record.Set, picture.Record.Prompt, picture.Record.Seed))
                   where other?.Truth is not null && picture.Truth is not null
                   select (other, picture)];
    }

    private List<string> Judges(IReadOnlyList<JudgedPicture> judged)
    {
        var judges = new List<string>();
        if (plan.WithOracle)
            judges.Add("objects, colors, relations, extra objects: the oracle (analysis by synthesis; shares nothing with any model of the mesh)");
        judges.AddRange(judged.Select(picture => picture.Record.Reading.ClipModel).Distinct().Select(model => $"CLIP cosine: {model} of the Captioner"));
        if (plan.WithOracle)
            judges.Add("TIFA-style accuracy: tagger, segmenter and color of its masks, the readers of the flow itself");
        if (distance is not null)
            judges.Add($"Fréchet distance: image features of {distance.Name}, {distance.Dimension} wide, against rendered scenes of the same prompts");
        return judges;
    }

    private List<string> Notes(int pictures)
    {
        var notes = new List<string>();
        if (pictures < plan.Pictures)
            notes.Add(FormattableString.Invariant($"{plan.Pictures - pictures} of {plan.Pictures} pictures are missing: the same command draws them"));
        if (!plan.WithOracle)
            notes.Add("no oracle knows these prompts: only models judge here, and none of them takes part in the flow");
        var most = plan.Arms.Max(arm => arm.Attempts);
        var seeds = plan.Seeds.Order().ToList();
        if (most > 1 && seeds.Zip(seeds.Skip(1)).Any(pair => pair.Second - pair.First < (ulong)most))
        {
            notes.Add(FormattableString.Invariant(
                $"attempt k draws with seed + k - 1: seeds nearer than {most} to each other share pictures, so intervals come out too narrow"));
        }

        if (distance is { Skipped: > 0 })
            notes.Add(FormattableString.Invariant($"no scene is rendered of {distance.Skipped} prompts, with more objects or relations than a scene holds"));
        return notes;
    }
}
