using Realign.Evaluation.Reading;
using Realign.Evaluation.Reports;
using Realign.Evaluation.Runs;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Evaluation.Tests;

/// <summary>The figures of a report, counted by hand.</summary>
public sealed class ReportTests : IDisposable
{
    private const string Pair = "a red car and a blue dog";
    private const string Sided = "a red car to the left of a blue dog";

    private readonly string _folder = Directory.CreateTempSubdirectory("report-").FullName;
    private readonly RunPlan _plan = Samples.Plan(["base", "fine"], [Pair, Sided, "two red cars"], 0);

    private readonly IReadOnlyList<PictureRecord> _records =
    [
        // both there, one in a wrong color, and one object too many
        Samples.Record("base", 0, Pair, "red car", "green dog", "pink cat"),
        // right objects, the wrong way round
        Samples.Record("base", 1, Sided, "blue dog", "red car"),
        Samples.Record("base", 2, "two red cars", "red car"),
        Samples.Record("fine", 0, Pair, "red car", "blue dog"),
        Samples.Record("fine", 1, Sided, "red car", "blue dog"),
        Samples.Record("fine", 2, "two red cars", "red car", "blue car"),
    ];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Build_ObjectsColorsRelations_AreCountedAsTheOracleSeesThem()
    {
        var report = Build(_records);

        var (coarse, fine) = (report.Sets[0].Arms[0], report.Sets[0].Arms[1]);
        Counts(coarse.Objects).ShouldBe((5, 6));
        Counts(coarse.Bound).ShouldBe((4, 6));
        Counts(coarse.AllBound).ShouldBe((1, 3));
        Counts(coarse.Relation).ShouldBe((0, 1));
        Counts(coarse.Right).ShouldBe((0, 3));
        coarse.ExtraObjects!.Value.ShouldBe(1 / 3.0, 1e-9);
        Counts(fine.Objects).ShouldBe((6, 6));
        Counts(fine.Bound).ShouldBe((5, 6));
        Counts(fine.AllBound).ShouldBe((2, 3));
        Counts(fine.Relation).ShouldBe((1, 1));
        // car? dog? red? blue? is it there? 4 of 4; with its place 5 of 5; two cars, both red? there, not red
        fine.Tifa!.Value.ShouldBe((1 + 1 + 0.5) / 3, 1e-9);
        fine.Clip!.Value.ShouldBe(0.25, 1e-6);
        coarse.AllBoundAgainstBase.ShouldBeNull();
        fine.AllBoundAgainstBase.ShouldBe(new Comparison("base", 3, 1, 0, 1));
        fine.RelationAgainstBase.ShouldBe(new Comparison("base", 1, 1, 0, 1));
        report.Notes.ShouldBeEmpty();
    }

    [Fact]
    public void Build_PicturesMissing_PairsOnlyWhatIsThereAndSaysSo()
    {
        var report = Build([.. _records.Where(record => record.Key != new PictureKey("base", "sample", 0, 0))]);

        report.Sets[0].Arms[1].AllBoundAgainstBase!.Pairs.ShouldBe(2);
        report.Notes.ShouldHaveSingleItem().ShouldContain("1 of 6 pictures are missing");
    }

    [Fact]
    public void Build_Readers_AreHeldAgainstTheOracle()
    {
        var wrong = _records[0] with
        {
            Reading = _records[0].Reading with { Tags = ["car", "bird"], Segments = Samples.Scene("red car", "blue dog"), Caption = "hello" },
            Verification = new VerificationRecord
            {
                Verified = true,
                Contradicted = 0,
                Missing = 0,
                Unknown = 1,
                Objects = [new ObjectVerdictRecord("dog", ["blue"], Verdict.Confirmed), new ObjectVerdictRecord("car", ["red"], Verdict.Unknown)],
                Relations = [],
            },
        };

        var readers = Build([wrong]).Readers.ToDictionary(row => (row.Reader, row.Claim));

        // truly there: car, dog, cat
        Counts(readers[("tagger", "the object is there")]).ShouldBe((1, 1, 2));
        Counts(readers[("segmenter", "the object is there")]).ShouldBe((2, 0, 0));
        Counts(readers[("segmenter and color of the mask", "the object is there in the demanded color")]).ShouldBe((1, 1, 0));
        readers.Keys.ShouldNotContain(key => key.Reader == "captioner");
        var objects = readers[("verification of base", "the object is confirmed")];
        (objects.FalsePositives, objects.Silent).ShouldBe((1, 1));
        Counts(readers[("verification of base", "the picture is verified")]).ShouldBe((0, 1, 0));
    }

    [Fact]
    public void Build_SeedsNearerThanTheAttempts_IsNoted()
    {
        var plan = Samples.Plan(["base", "attempts=4"], [Pair], 0, 3);

        new ReportBuilder(plan, null).Build([], "command", CancellationToken.None).Notes.ShouldContain(note => note.Contains("seed + k - 1"));
    }

    [Fact]
    public void Write_JsonCsvAndPage_HoldTheFiguresAndThePictures()
    {
        var builder = new ReportBuilder(_plan, null);
        var report = builder.Build(_records, "realign evaluate --arm \"a <b>\"", CancellationToken.None);

        var page = File.ReadAllText(ReportFiles.Write(_folder, report, builder.Judge(_records)));

        File.ReadAllText(Path.Combine(_folder, "report.json")).ShouldContain("\"all_bound_against_base\"");
        var csv = File.ReadAllLines(Path.Combine(_folder, "report.csv"));
        csv.Select(line => line.Split(',').Length).Distinct().ShouldBe([12]);
        csv.ShouldContain(line => line.StartsWith("sample,fine,bound,0.8333", StringComparison.Ordinal) && line.EndsWith(",6,5,,,,", StringComparison.Ordinal));
        page.ShouldContain("pictures/fine-1.png");
        page.ShouldContain("✗ a blue dog: green");
        page.ShouldContain("1 extra");
        page.ShouldContain("a &lt;b&gt;");
        page.ShouldContain("where the arms differ (2 of 3)");
    }

    private RunReport Build(IReadOnlyList<PictureRecord> records) => new ReportBuilder(_plan, null).Build(records, "command", CancellationToken.None);

    private static (int Hits, int Count) Counts(Share? share) => (share!.Hits, share.Count);

    private static (int TruePositives, int FalsePositives, int FalseNegatives) Counts(ReaderQuality row) =>
        (row.TruePositives, row.FalsePositives, row.FalseNegatives);
}
