using Realign.Evaluation.Arms;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Evaluation.Tests;

/// <summary>Arms as they are written.</summary>
public sealed class ArmParserTests
{
    [Theory]
    [InlineData("base", "base", "Base", 1)]
    [InlineData("fine", "fine", "Fine", 1)]
    [InlineData("verified", "verified", "Attempts", 1)]
    [InlineData("attempts=4", "attempts=4", "Attempts", 4)]
    [InlineData("best=attempts=8", "best", "Attempts", 8)]
    [InlineData("fine:power=1", "fine:power=1", "Fine", 1)]
    [InlineData("strong=fine:power=1,fraction=0.5", "strong", "Fine", 1)]
    public void Parse_NameKindAndAttempts(string spec, string name, string kind, int attempts)
    {
        var arm = ArmParser.Parse(spec);

        (arm.Name, arm.Kind.ToString(), arm.Attempts).ShouldBe((name, kind, attempts));
    }

    [Fact]
    public void Parse_Settings_BecomeFieldsOfTheRequest()
    {
        var arm = ArmParser.Parse("a=fine:power=1,fraction=0.5,cross=2,self=0.1,gain=0.9,mode=exact,embeddings=off,guidance=5,steps=10,scheduler=ddim,"
            + "adapter=x@0.8,adapter=y,gateway=http://127.0.0.1:6100");

        arm.Modulation.ShouldBe(new Modulation
        {
            SchedulePower = 1,
            StepFraction = 0.5f,
            CrossAttentionWeight = 2,
            SelfAttentionWeight = 0.1f,
            MaxGain = 0.9f,
            Mode = ModulationMode.Exact,
            ReplaceEmbeddings = false,
        });
        arm.Draw.ShouldBe(new GenerateRequest
        {
            GuidanceScale = 5,
            NumInferenceSteps = 10,
            Scheduler = Scheduler.Ddim,
            Adapters = { new Adapter { Name = "x", Strength = 0.8f }, new Adapter { Name = "y" } },
        });
        arm.Gateway.ShouldBe("http://127.0.0.1:6100");
    }

    [Theory]
    [InlineData("", "it is no arm")]
    [InlineData("coarse", "it is no arm")]
    [InlineData("base:", "it is no arm")]
    [InlineData("attempts=0", "0 attempts")]
    [InlineData("attempts=17", "17 attempts")]
    [InlineData("fine:power", "'power' is no setting")]
    [InlineData("fine:power=", "'power=' is no setting")]
    [InlineData("fine:power=strong", "no number")]
    [InlineData("fine:power=1,power=2", "twice")]
    [InlineData("fine:mode=both", "no mode")]
    [InlineData("fine:embeddings=false", "on or off")]
    [InlineData("fine:force=1", "no setting 'force'")]
    [InlineData("base:power=1", "belongs to the fine stage")]
    [InlineData("base:scheduler=magic", "no scheduler")]
    [InlineData("base:generator=localhost", "no address")]
    [InlineData("fine:generator=http://127.0.0.1:1", "chooses its Generator itself")]
    public void Parse_WrongText_SaysWhatAndTheWayOut(string spec, string problem)
    {
        var failure = Should.Throw<EvaluationException>(() => ArmParser.Parse(spec));

        failure.Message.ShouldContain(problem);
        failure.ExitCode.ShouldBe(EvaluationException.Usage);
    }

    [Fact]
    public void ParseAll_TwoOfOneName_AreRefused() =>
        Should.Throw<EvaluationException>(() => ArmParser.ParseAll(["a=base", "a=fine"])).Message.ShouldContain("another arm 'a'");
}
