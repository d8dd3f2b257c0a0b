using System.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Shouldly;
using Xunit;
using static Realign.Diffusion.Tests.SamplerRun;

namespace Realign.Diffusion.Tests;

/// <summary>
/// Samplers against their formulas in double precision, written as k-diffusion's <c>sampling.py</c> and the papers have them: over noise levels, with
/// functions of their own; only the levels are those of the Euler scheduler, which golden data pin.
/// </summary>
public sealed class SamplerFormulaTests
{
    public static TheoryData<string, SigmaSpacing> Runs => new()
    {
        { "linspace", SigmaSpacing.Timesteps }, { "leading", SigmaSpacing.Timesteps }, { "trailing", SigmaSpacing.Timesteps },
        { "linspace", SigmaSpacing.Karras }, { "linspace", SigmaSpacing.Exponential }, { "linspace", SigmaSpacing.Beta },
    };

    [Theory]
    [MemberData(nameof(Runs))]
    public void Heun_IsTheMeanOfBothSlopes(string spacing, SigmaSpacing levels)
    {
        var sigmas = Sigmas(spacing, levels);
        var x = Start(sigmas);
        for (var i = 0; i < Steps; i++)
        {
            var d = Slope(x, sigmas[i]);
            var next = x + (d * (sigmas[i + 1] - sigmas[i]));
            x = sigmas[i + 1] == 0 ? next : x + ((d + Slope(next, sigmas[i + 1])) / 2 * (sigmas[i + 1] - sigmas[i]));
        }

        Run(SchedulerKind.HeunDiscrete, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void KDPM2_IsTheSlopeInTheMiddle(string spacing, SigmaSpacing levels)
    {
        var sigmas = Sigmas(spacing, levels);
        var x = Start(sigmas);
        for (var i = 0; i < Steps; i++)
        {
            var d = Slope(x, sigmas[i]);
            if (sigmas[i + 1] == 0)
            {
                x -= d * sigmas[i];
                continue;
            }

            var middle = Math.Exp((Math.Log(sigmas[i]) + Math.Log(sigmas[i + 1])) / 2);
            x += Slope(x + (d * (middle - sigmas[i])), middle) * (sigmas[i + 1] - sigmas[i]);
        }

        Run(SchedulerKind.KDPM2Discrete, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void KDPM2Ancestral_GoesLower_AndComesUpWithNoise(string spacing, SigmaSpacing levels)
    {
        var sigmas = Sigmas(spacing, levels);
        var x = Start(sigmas);
        for (var i = 0; i < Steps; i++)
        {
            var (down, up) = Ancestral(sigmas[i], sigmas[i + 1]);
            var d = Slope(x, sigmas[i]);
            if (down == 0)
            {
                x -= d * sigmas[i];
                continue;
            }

            var middle = Math.Exp((Math.Log(sigmas[i]) + Math.Log(down)) / 2);
            x += (Slope(x + (d * (middle - sigmas[i])), middle) * (down - sigmas[i])) + (up * Noise((2 * i) + 1));
        }

        Run(SchedulerKind.KDPM2AncestralDiscrete, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void DPMSolverSDE_MovesTwiceAlongOneBrownianMotion(string spacing, SigmaSpacing levels)
    {
        var sigmas = Sigmas(spacing, levels);
        var x = Start(sigmas);
        for (var i = 0; i < Steps; i++)
        {
            var denoised = x - (sigmas[i] * Slope(x, sigmas[i]));
            if (sigmas[i + 1] == 0)
            {
                x = denoised;
                continue;
            }

            double t = -Math.Log(sigmas[i]), s = (t - Math.Log(sigmas[i + 1])) / 2;
            var middle = Math.Exp(-s);
            var (down, up) = Ancestral(sigmas[i], middle);
            var half = (middle == 0 ? 0 : down / sigmas[i] * x) - (Expm1(t + Math.Log(down)) * denoised) + (up * Noise(2 * i));
            var better = half - (middle * Slope(half, middle));
            (down, up) = Ancestral(sigmas[i], sigmas[i + 1]);
            // increments of the motion over both parts of the interval, at unit variance
            var whole = ((Math.Sqrt(sigmas[i] - middle) * Noise(2 * i)) + (Math.Sqrt(middle - sigmas[i + 1]) * Noise((2 * i) + 1)))
                / Math.Sqrt(sigmas[i] - sigmas[i + 1]);
            x = (down / sigmas[i] * x) - (Expm1(t + Math.Log(down)) * better) + (up * whole);
        }

        Run(SchedulerKind.DPMSolverSDE, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void LMS_IntegratesThePolynomialThroughTheLastFourSlopes(string spacing, SigmaSpacing levels)
    {
        var sigmas = Sigmas(spacing, levels);
        var x = Start(sigmas);
        var slopes = new List<double>();
        for (var i = 0; i < Steps; i++)
        {
            slopes.Insert(0, Slope(x, sigmas[i]));
            var order = Math.Min(i + 1, 4);
            var at = i;
            x += Integral(sigmas[i], sigmas[i + 1], level => Enumerable.Range(0, order).Sum(age => slopes[age]
                * Enumerable.Range(0, order).Where(other => other != age)
                    .Aggregate(1.0, (product, other) => product * (level - sigmas[at - other]) / (sigmas[at - age] - sigmas[at - other]))));
        }

        Run(SchedulerKind.LMSDiscrete, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void DEIS_IntegratesThePolynomialInTheLogarithmOfTheLevel(int order)
    {
        using var scheduler = Create(SchedulerKind.DEISMultistep, "linspace", new SchedulerOptions { SolverOrder = order });
        scheduler.SetTimesteps(Steps);
        var sigmas = scheduler.Sigmas;
        sigmas[^1].ShouldBeGreaterThan(0);
        // y = x / alpha has the slope of the noise
        var y = Noise(-1) / Alpha(sigmas[0]);
        var noises = new List<double>();
        for (var i = 0; i < Steps; i++)
        {
            noises.Insert(0, Slope(y, sigmas[i]));
            // short runs end with lower orders
            var now = Math.Min(Math.Min(order, i + 1), Steps - i);
            var at = i;
            y += Integral(sigmas[i], sigmas[i + 1], level => Enumerable.Range(0, now).Sum(age => noises[age]
                * Enumerable.Range(0, now).Where(other => other != age).Aggregate(1.0, (product, other) =>
                    product * Math.Log(level / sigmas[at - other]) / Math.Log(sigmas[at - age] / sigmas[at - other]))));
        }

        Run(scheduler, x => x / Alpha(sigmas[x.Index]), Noise(-1)).ShouldBe(y * Alpha(sigmas[^1]), Tolerance);
    }

    [Fact]
    public void DPMSolverMultistep_Stochastic_IsDpmpp2MSde()
    {
        using var scheduler = Create(SchedulerKind.DPMSolverMultistep, "linspace", new SchedulerOptions { IsStochastic = true });
        scheduler.SetTimesteps(Steps);
        var sigmas = scheduler.Sigmas;
        var x = Noise(-1) / Alpha(sigmas[0]);
        double old = 0, last = 0;
        for (var i = 0; i < Steps; i++)
        {
            var denoised = x - (sigmas[i] * Slope(x, sigmas[i]));
            if (sigmas[i + 1] == 0)
            {
                x = denoised;
                continue;
            }

            var h = Math.Log(sigmas[i] / sigmas[i + 1]);
            x = (sigmas[i + 1] / sigmas[i] * Math.Exp(-h) * x) - (Expm1(-2 * h) * denoised);
            if (i > 0)
                x += 0.5 * -Expm1(-2 * h) * (h / last) * (denoised - old);
            x += Noise(i) * sigmas[i + 1] * Math.Sqrt(-Expm1(-2 * h));
            (old, last) = (denoised, h);
        }

        Run(scheduler, sample => sample / Alpha(sigmas[sample.Index]), Noise(-1)).ShouldBe(x, Tolerance);
    }

    [Theory]
    [InlineData(SchedulerKind.EulerDiscrete)]
    [InlineData(SchedulerKind.HeunDiscrete)]
    [InlineData(SchedulerKind.DPMSolverMultistep)]
    [InlineData(SchedulerKind.UniPCMultistep)]
    [InlineData(SchedulerKind.DEISMultistep)]
    public void Choice_OfACall_IsTheConfigThatSaysIt(SchedulerKind kind)
    {
        using var chosen = Create(kind, "trailing", new SchedulerOptions { Spacing = SigmaSpacing.Karras });
        using var written = SchedulerConfig.Parse(Encoding.UTF8.GetBytes($"{{ {Config}, \"timestep_spacing\": \"trailing\", \"use_karras_sigmas\": true }}"))
            .Create(kind);
        chosen.SetTimesteps(Steps);
        written.SetTimesteps(Steps);

        chosen.Sigmas.ShouldBe(written.Sigmas);
        chosen.Timesteps.ShouldBe(written.Timesteps);
    }

    [Fact]
    public void Karras_LevelsAreEvenInTheSeventhRoot()
    {
        using var scheduler = Create(SchedulerKind.LMSDiscrete, "linspace", new SchedulerOptions { Spacing = SigmaSpacing.Karras });
        scheduler.SetTimesteps(Steps);
        var (largest, smallest) = (Math.Pow(scheduler.Sigmas[0], 1.0 / 7), Math.Pow(scheduler.Sigmas[Steps - 1], 1.0 / 7));

        for (var i = 0; i < Steps; i++)
            scheduler.Sigmas[i].ShouldBe(Math.Pow(largest + (i / (Steps - 1.0) * (smallest - largest)), 7), 1e-4 * scheduler.Sigmas[i]);
    }

    [Theory]
    [InlineData(SchedulerKind.DDIM, "sigma_spacing")]
    [InlineData(SchedulerKind.EulerAncestralDiscrete, "sigma_spacing")]
    [InlineData(SchedulerKind.HeunDiscrete, "solver_order")]
    [InlineData(SchedulerKind.UniPCMultistep, "stochastic")]
    public void Choice_ThatMeansNothing_IsRefused(SchedulerKind kind, string field)
    {
        var options = field switch
        {
            "sigma_spacing" => new SchedulerOptions { Spacing = SigmaSpacing.Karras },
            "solver_order" => new SchedulerOptions { SolverOrder = 2 },
            _ => new SchedulerOptions { IsStochastic = true },
        };

        Should.Throw<InvalidInputException>(() => Create(kind, "linspace", options)).Field.ShouldBe(field);
    }
}
