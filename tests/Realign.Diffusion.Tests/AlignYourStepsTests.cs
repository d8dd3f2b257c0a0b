using System.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Shouldly;
using Xunit;
using static Realign.Diffusion.Tests.SamplerRun;

namespace Realign.Diffusion.Tests;

/// <summary>The tables of Align Your Steps: as published for ten steps, on the lines between the logarithms for others.</summary>
public sealed class AlignYourStepsTests
{
    [Theory]
    [InlineData(false, new[] { 14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0 })]
    [InlineData(true, new[] { 14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0 })]
    [InlineData(false, new[] { 14.615, 3.861, 1.886, 0.963, 0.399, 0 })]
    [InlineData(false, new[] { 14.615, 1.396, 0 })]
    public void AlignYourSteps_LevelsAreTheTable_OrEverySecondOfIt(bool isXl, double[] levels)
    {
        using var scheduler = Create(SchedulerKind.DPMSolverMultistep, "leading", new SchedulerOptions { Spacing = SigmaSpacing.AlignYourSteps, IsXl = isXl });
        scheduler.SetTimesteps(levels.Length - 1);

        scheduler.Sigmas.Count.ShouldBe(levels.Length);
        for (var i = 0; i < levels.Length; i++)
            scheduler.Sigmas[i].ShouldBe(levels[i], 1e-6 * 15);
    }

    // numpy: exp(interp(linspace(0, 1, n + 1), linspace(0, 1, 11), log(levels from below))), from above
    [Theory]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(33)]
    public void AlignYourSteps_OtherNumbers_LieOnTheLinesBetweenTheLogarithms(int steps)
    {
        double[] rising = [0.029, 0.152, 0.399, 0.652, 0.963, 1.396, 1.886, 2.697, 3.861, 6.475, 14.615];
        using var scheduler = Create(SchedulerKind.EulerDiscrete, "linspace", new SchedulerOptions { Spacing = SigmaSpacing.AlignYourSteps });
        scheduler.SetTimesteps(steps);

        for (var i = 0; i < steps; i++)
        {
            var x = (double)(steps - i) / steps;
            var piece = Math.Min(9, (int)Math.Floor((x * 10) + 1e-9));
            var share = (x - (piece / 10.0)) * 10;
            scheduler.Sigmas[i].ShouldBe(Math.Exp((Math.Log(rising[piece]) * (1 - share)) + (Math.Log(rising[piece + 1]) * share)), 1e-5);
        }

        scheduler.Sigmas[^1].ShouldBe(0);
    }

    [Fact]
    public void AlignYourSteps_TimestepsAreThoseOfTheAuthors()
    {
        double[] published = [999, 850, 736, 645, 545, 455, 343, 233, 124, 24];
        using var scheduler = Create(SchedulerKind.DPMSolverMultistep, "leading", new SchedulerOptions { Spacing = SigmaSpacing.AlignYourSteps });

        scheduler.SetTimesteps(10);

        // their levels are rounded to three digits
        for (var i = 0; i < published.Length; i++)
            Math.Abs(scheduler.Timesteps[i] - published[i]).ShouldBeLessThanOrEqualTo(1);
    }

    [Theory]
    [InlineData(SchedulerKind.HeunDiscrete)]
    [InlineData(SchedulerKind.LMSDiscrete)]
    [InlineData(SchedulerKind.KDPM2AncestralDiscrete)]
    [InlineData(SchedulerKind.DPMSolverSDE)]
    [InlineData(SchedulerKind.DPMSolver2SAncestral)]
    [InlineData(SchedulerKind.DPMSolverSinglestep)]
    [InlineData(SchedulerKind.UniPCMultistep)]
    [InlineData(SchedulerKind.DEISMultistep)]
    public void AlignYourSteps_OfEverySamplerWithAChoice_BeginAndEndAsItsOwn(SchedulerKind kind)
    {
        using var scheduler = Create(kind, "leading", new SchedulerOptions { Spacing = SigmaSpacing.AlignYourSteps });
        using var own = Create(kind, "leading", SchedulerOptions.Default);
        scheduler.SetTimesteps(10);
        own.SetTimesteps(10);

        scheduler.Sigmas[0].ShouldBe(14.615, 1e-5);
        scheduler.Sigmas.ShouldContain(sigma => Math.Abs(sigma - 0.152) < 1e-6);
        scheduler.Sigmas[^1].ShouldBe(own.Sigmas[^1]);
        scheduler.Timesteps.Count.ShouldBe(own.Timesteps.Count);
    }

    [Theory]
    [InlineData("\"beta_end\": 0.02")]
    [InlineData("\"rescale_betas_zero_snr\": true")]
    public void AlignYourSteps_OfAnotherNoiseSchedule_IsRefused(string field)
    {
        using var scheduler = SchedulerConfig.Parse(Encoding.UTF8.GetBytes(
                $"{{ \"beta_start\": 0.00085, \"beta_schedule\": \"scaled_linear\", {(field.Contains("end") ? field : "\"beta_end\": 0.012, " + field)} }}"))
            .Create(SchedulerKind.EulerDiscrete, new SchedulerOptions { Spacing = SigmaSpacing.AlignYourSteps });

        Should.Throw<FailedPreconditionException>(() => scheduler.SetTimesteps(10)).Message.ShouldContain("ALIGN_YOUR_STEPS");
    }
}
