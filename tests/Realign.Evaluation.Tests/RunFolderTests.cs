using Realign.Evaluation.Runs;
using Shouldly;
using Xunit;

namespace Realign.Evaluation.Tests;

/// <summary>A run's folder after every way a run can end.</summary>
public sealed class RunFolderTests : IDisposable
{
    private const string Prompt = "a red car and a blue dog";

    private readonly string _folder = Directory.CreateTempSubdirectory("run-").FullName;
    private readonly RunPlan _plan = Samples.Plan(["base", "fine"], [Prompt, "a green cat and a pink bird"], 0, 16);

    private string Results => Path.Combine(_folder, RunFolder.ResultsName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Open_AgainAfterwards_HasEveryRecordAndMissesTheRest()
    {
        Write(Samples.Record("base", 0, Prompt, "red car"), Samples.Record("fine", 0, Prompt, "red car", "blue dog"));

        using var folder = Open();

        folder.DroppedTornLine.ShouldBeFalse();
        folder.Records.Select(record => record.Key).ShouldBe([new PictureKey("base", "sample", 0, 0), new PictureKey("fine", "sample", 0, 0)]);
        folder.Records[1].Oracle!.Objects.Select(seen => seen.Color).ShouldBe(["red", "blue"]);
        var missing = _plan.Missing(folder.Records.Select(record => record.Key));
        missing.Select(job => (job.Prompt.Index, job.Seed, job.Arms.Count)).ShouldBe([(0, 16UL, 2), (1, 0UL, 2), (1, 16UL, 2)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(200)]
    public void Open_LastLineTorn_DropsItAloneAndGoesOnBehindTheOthers(int lostBytes)
    {
        Write(Samples.Record("base", 0, Prompt, "red car"), Samples.Record("fine", 0, Prompt, "red car"));
        var bytes = File.ReadAllBytes(Results);
        File.WriteAllBytes(Results, bytes[..^lostBytes]);

        using (var folder = Open())
        {
            folder.DroppedTornLine.ShouldBeTrue();
            folder.Records.ShouldHaveSingleItem().Arm.ShouldBe("base");
            _plan.Missing(folder.Records.Select(record => record.Key))[0].Arms.ShouldHaveSingleItem().Name.ShouldBe("fine");
            folder.Append([Samples.Record("fine", 0, Prompt, "red car")]);
        }

        File.ReadAllBytes(Results).ShouldBe(bytes);
    }

    [Fact]
    public void Open_LineInTheMiddleDamaged_NamesIt()
    {
        Write(Samples.Record("base", 0, Prompt, "red car"), Samples.Record("fine", 0, Prompt, "red car"));
        File.WriteAllText(Results, "{\n" + File.ReadAllText(Results));

        Should.Throw<EvaluationException>(Open).Message.ShouldContain("line 1 of");
    }

    [Fact]
    public void Open_AnotherRun_IsRefusedWithWhatDiffers()
    {
        Write();

        Refusal(Samples.Plan(["base", "fine:power=1"], [Prompt, "a green cat and a pink bird"], 0, 16))
            .ShouldContain("arms: base fine there, base fine:power=1 now");
        Refusal(Samples.Plan(["base", "fine"], [Prompt], 0, 16)).ShouldContain("prompt sets: sample (2) there, sample (1) now");
        Refusal(Samples.Plan(["base", "fine"], [Prompt, "a green cat and a pink duck"], 0, 16)).ShouldContain("the prompts of sample are others");
        Refusal(Samples.Plan(["base", "fine"], [Prompt, "a green cat and a pink bird"], 0)).ShouldContain("seeds: 0,16 there, 0 now");
        Refusal(_plan with { WithOracle = false }).ShouldContain("judge: oracle there, none now");
        Open().Dispose();

        string Refusal(RunPlan plan) => Should.Throw<EvaluationException>(() => RunFolder.Open(_folder, plan.Configuration)).Message;
    }

    [Fact]
    public void Open_WhileAnotherWrites_IsRefused()
    {
        using var first = Open();

        Should.Throw<EvaluationException>(Open).Message.ShouldContain("another evaluation writes");
    }

    [Fact]
    public void Append_DiskIsFull_FailsAndCountsNothing()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full");
        Write();
        File.Delete(Results);
        _ = File.CreateSymbolicLink(Results, "/dev/full");
        using var folder = Open();

        _ = Should.Throw<IOException>(() => folder.Append([Samples.Record("base", 0, Prompt, "red car")]));

        folder.Records.ShouldBeEmpty();
    }

    [Fact]
    public void Store_SamePicture_IsOneFileAndReadBack()
    {
        using var folder = Open();

        var first = folder.Store([1, 2, 3]);

        folder.Store([1, 2, 3]).ShouldBe(first);
        folder.Store([1, 2, 4]).ShouldNotBe(first);
        folder.ReadPicture(Samples.Record("base", 0, Prompt) with { Png = first }).ShouldBe([1, 2, 3]);
        Directory.GetFiles(_folder, "*.part", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    private RunFolder Open() => RunFolder.Open(_folder, _plan.Configuration);

    private void Write(params PictureRecord[] records)
    {
        using var folder = Open();
        folder.Append(records);
    }
}
