using Realign.Cli.Page;
using Realign.Cli.Realigning;
using Realign.Cli.Tests.Fakes;
using Realign.Cli.Verifying;
using Realign.V1;
using Shouldly;
using Spectre.Console;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Verdicts in words, as bars, and as swatches.</summary>
public sealed class FindingTests
{
    private static readonly Demand Cats = new()
    {
        Entities =
        {
            new Entity { Noun = "cat", Attributes = { "black" }, Count = 2, Phrase = "two black cats" },
            new Entity { Noun = "chair", Attributes = { "old", "red" } },
        },
        Relations = { new SceneRelation { Subject = 0, Object = 1, Kind = RelationKind.LeftOf, Words = "to the left of" } },
    };

    [Fact]
    public void Count_IsOfTheDemandedOnes_AndSaidWhereItIsWrong()
    {
        var finding = Of(new ObjectVerdict { Verdict = Verdict.Contradicted, Presence = Verdict.Confirmed, Count = Verdict.Contradicted, Found = 3 });

        (finding.Subject, finding.Word, finding.Found, finding.Why).ShouldBe(("two black cats", "wrong", "3 of 2", "2 demanded, 3 found"));
    }

    [Fact]
    public void ObjectThatCouldNotBeLookedFor_IsNotKnown_WithTheReason()
    {
        var finding = Of(new ObjectVerdict
        {
            Verdict = Verdict.Unknown,
            Presence = Verdict.Unknown,
            PresenceEvidence = { new Evidence { Reader = "segmenter", Verdict = Verdict.Unknown, Text = "the segmenter could not be asked" } },
        });

        (finding.Word, finding.Found, finding.Why).ShouldBe(("not known", "? of 2", "the segmenter could not be asked"));
    }

    [Fact]
    public void ReadersThatDisagree_AreBothQuoted_AndSoIsWhatIsWrongAllTheSame()
    {
        var doubtful = new ObjectVerdict
        {
            Entity = 1,
            Verdict = Verdict.Unknown,
            Presence = Verdict.Unknown,
            PresenceEvidence =
            {
                new Evidence { Reader = "tagger", Verdict = Verdict.Contradicted, Text = "the tagger names no chair" },
                new Evidence { Reader = "segmenter", Verdict = Verdict.Unknown, Text = "the segmenter finds a chair, but is not sure (0.40)" },
            },
            Attributes = { new AttributeVerdict { Attribute = "old", Verdict = Verdict.Unknown } },
            Found = 1,
        };

        Of(doubtful).Why.ShouldBe("the tagger names no chair; the segmenter finds a chair, but is not sure (0.40)");

        doubtful.Verdict = Verdict.Contradicted;
        doubtful.Attributes.Add(new AttributeVerdict
        {
            Attribute = "red",
            Verdict = Verdict.Contradicted,
            Evidence = { new Evidence { Reader = "color", Verdict = Verdict.Contradicted, Text = "the mask is 80 % green" } },
        });
        Of(doubtful).Why.ShouldEndWith("but is not sure (0.40); not red: the mask is 80 % green");
    }

    [Fact]
    public void Object_WithoutAPhrase_IsItsAttributesAndNoun_AndTheColorDecides()
    {
        var finding = Of(new ObjectVerdict
        {
            Entity = 1,
            Verdict = Verdict.Contradicted,
            Presence = Verdict.Confirmed,
            Attributes =
            {
                new AttributeVerdict { Attribute = "old", Verdict = Verdict.Unknown },
                new AttributeVerdict
                {
                    Attribute = "red",
                    Verdict = Verdict.Contradicted,
                    Evidence =
                    {
                        new Evidence { Reader = "color", Verdict = Verdict.Contradicted, Text = "the mask is 80 % green" },
                        new Evidence { Reader = "caption", Verdict = Verdict.Confirmed, Text = "the caption has a red chair" },
                    },
                },
            },
        });

        (finding.Subject, finding.Why).ShouldBe(("old red chair", "perhaps old: no reader can tell; not red: the mask is 80 % green"));
        finding.Evidence.ShouldBe(["color: the mask is 80 % green", "caption: the caption has a red chair"]);
    }

    [Fact]
    public void Relation_IsASentence()
    {
        var verification = new Verification { Relations = { new RelationVerdict { Verdict = Verdict.Contradicted, Text = "the cat is right of the chair" } } };

        var finding = Finding.Of(Cats, verification).ShouldHaveSingleItem();

        (finding.Subject, finding.Word, finding.Why).ShouldBe(("two black cats to the left of old red chair", "wrong", "the cat is right of the chair"));
        Finding.Wrongs(Cats, verification).ShouldBe("two black cats to the left of old red chair is wrong: the cat is right of the chair");
    }

    [Fact]
    public void DemandThatDidNotCome_LeavesNumbers()
    {
        var verification = VerifyingGateway.Shown(1, PictureKind.Coarse);
        verification.Relations.Add(new RelationVerdict { Relation = 5 });

        Finding.Of(null, verification).Select(finding => finding.Subject).ShouldBe(["object 1", "object 2", "object 3", "relation 6"]);
    }

    [Fact]
    public void Reader_ThatCouldNotBeAsked_IsUnderTheTable_AndTextIsNoMarkup()
    {
        using var written = new StringWriter();
        var verification = VerifyingGateway.Shown(1, PictureKind.Coarse);
        verification.Unread.Add("tagger: [red]down[/]");

        VerificationTable.Write(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(written) }), 3, null, verification);

        written.ToString().ShouldContain("attempt 3, coarse image: 1 wrong");
        written.ToString().ShouldContain("not read: tagger: [red]down[/]");
    }

    [Theory]
    [InlineData(AcceptReason.Verified, "verified")]
    [InlineData(AcceptReason.BestOfAttempts, "none of the 4 attempts")]
    [InlineData(AcceptReason.Deadline, "deadline")]
    [InlineData(AcceptReason.Always, "as published")]
    [InlineData(AcceptReason.AttemptFailed, "failed")]
    [InlineData((AcceptReason)99, "does not say")]
    public void Reason_IsASentence(AcceptReason reason, string expected) =>
        VerdictWords.Reason(new Accepted { Reason = reason }, 4).ShouldContain(expected);

    [Fact]
    public void BarsOfAttemptsSideBySide_KeepTheirOwnStageAndVerdict()
    {
        var tasks = new List<ProgressTask>();
        var bars = new AttemptBars(text =>
        {
            tasks.Add(new ProgressTask(tasks.Count, text, 100));
            return tasks[^1];
        });

        bars.Begin(1);
        bars.Begin(2);
        bars.Advance(2, Stage.Coarse, 1);
        bars.Advance(1, Stage.Coarse, 0.5);
        bars.Advance(2, Stage.Verify, 0);
        bars.Verified(2, VerifyingGateway.Shown(1, PictureKind.Coarse));
        bars.Advance(2, Stage.Refine, 0.25);
        // a caption that comes late does not turn the bar back
        bars.Advance(2, Stage.Caption, 1);

        tasks.Select(task => task.Value).ShouldBe([22, 63.75]);
        tasks[0].Description.ShouldBe("attempt 1 · coarse");
        tasks[1].Description.ShouldBe("attempt 2 · 1 wrong, 1 not known");
        bars.Verified(2, VerifyingGateway.Shown(2, PictureKind.Refined));
        (tasks[0].IsFinished, tasks[1].IsFinished).ShouldBe((false, true));
        tasks[1].Description.ShouldBe("attempt 2 · nothing is wrong, 1 not known");
        var stopped = tasks[1].StopTime.ShouldNotBeNull();
        bars.End();
        tasks[1].StopTime.ShouldBe(stopped);
        tasks[0].IsFinished.ShouldBeTrue();
        bars.TimeOf(7).ShouldBeNull();
    }

    [Theory]
    [InlineData("red", "#ff0000")]
    [InlineData("light blue", "#add8e6")]
    [InlineData("Dark Grey", "#a9a9a9")]
    [InlineData("window", null)]
    [InlineData("transparent", null)]
    [InlineData("wooden", null)]
    [InlineData("red\"><script>", null)]
    public void Swatch_IsOfANamedColor(string word, string? expected) =>
        ColorSwatch.Of(word).ShouldBe(expected is null ? "" : $"""<i class="swatch" style="background:{expected}"></i>""");

    private static Finding Of(ObjectVerdict item) => Finding.Of(Cats, new Verification { Objects = { item } }).ShouldHaveSingleItem();
}
