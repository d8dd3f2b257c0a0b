using System.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Shouldly;
using Xunit;
using static Realign.Diffusion.Tests.SamplerRun;

namespace Realign.Diffusion.Tests;

/// <summary>
/// TCD, singlestep DPM-Solver, DPM++ 2S ancestral and DPM++ 3M SDE against their formulas in double precision, in the papers' and k-diffusion's own
/// coordinates.
/// </summary>
public sealed class NewerSamplerFormulaTests
{
    private static readonly double[] AlphasCumprod = Cumulative();

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    [InlineData(1.0)]
    public void TCD_SolvesToTheShareOfTheTimestep_AndComesUpWithNoise(double gamma)
    {
        int[] times = [999, 879, 759, 639, 499, 379, 259, 139];
        double Alpha(int time) => Math.Sqrt(AlphasCumprod[time]);
        double Spread(int time) => Math.Sqrt(1 - AlphasCumprod[time]);
        double Lambda(int time) => Math.Log(Alpha(time) / Spread(time));
        var x = Noise(-1);
        for (var i = 0; i < Steps; i++)
        {
            var (t, n) = (times[i], i + 1 < Steps ? times[i + 1] : 0);
            var s = (int)Math.Floor(((1 - gamma) * n) + 1e-6);
            var noise = Slope(x / Alpha(t), Spread(t) / Alpha(t));
            // the first-order solution of the probability-flow equation (Lu et al. 2022, Eq. 3.7)
            x = (Alpha(s) / Alpha(t) * x) - (Spread(s) * Expm1(Lambda(s) - Lambda(t)) * noise);
            if (gamma > 0 && i + 1 < Steps)
                x = (Alpha(n) / Alpha(s) * x) + (Math.Sqrt(1 - Math.Pow(Alpha(n) / Alpha(s), 2)) * Noise(i));
        }

        using var scheduler = Create(SchedulerKind.TCD, "leading", new SchedulerOptions { Eta = gamma });
        scheduler.SetTimesteps(Steps);
        scheduler.Timesteps.ShouldBe(times.Select(time => (double)time));
        RunOf(scheduler).ShouldBe(x, Tolerance);
        using var own = Create(SchedulerKind.TCD, "leading", SchedulerOptions.Default);
        own.SetTimesteps(Steps);
        (RunOf(own) == RunOf(scheduler)).ShouldBe(gamma == 0.3);

        double RunOf(Scheduler sampler) => Run(sampler, sample => sample.Value / Alpha(times[sample.Index]), Noise(-1),
            i => Spread(times[i]) / Alpha(times[i]));
    }

    [Fact]
    public void TCD_OneStep_TakesNoNoise_AndMoreThanWereTaughtAreRefused()
    {
        using var scheduler = Create(SchedulerKind.TCD, "leading", new SchedulerOptions { Eta = 1 });
        scheduler.SetTimesteps(1);

        scheduler.NeedsNoise(0).ShouldBeFalse();
        Should.Throw<InvalidInputException>(() => scheduler.SetTimesteps(51)).WayOut.ShouldBe("use 1 to 50 steps");
    }

    // questions in groups, each of which ends with a whole step of its order
    public static TheoryData<int, bool, bool, int[]> Groups => new()
    {
        { 1, false, false, [1, 1, 1, 1, 1, 1, 1, 1] },
        { 2, false, false, [2, 2, 2, 1, 1] },
        { 2, false, true, [2, 2, 2, 2] },
        { 2, true, true, [2, 2, 2, 2] },
        { 2, false, false, [2, 2, 2, 1] },
        { 3, false, false, [3, 3, 1, 1] },
        { 3, false, true, [3, 3, 2] },
        { 3, false, false, [3, 3, 2, 1] },
        { 3, true, false, [3, 3, 2, 1] },
        { 3, false, true, [3, 3, 3] },
        { 3, true, true, [3, 3, 3] },
        { 3, false, false, [3, 3, 1] },
    };

    [Theory]
    [MemberData(nameof(Groups))]
    public void DPMSolverSinglestep_IntegratesEachGroupFromItsBeginning(int order, bool heun, bool endsAtSigmaMin, int[] groups)
    {
        var count = groups.Sum();
        using var scheduler = Singlestep("dpmsolver++", order, heun, endsAtSigmaMin);
        scheduler.SetTimesteps(count);
        var sigmas = scheduler.Sigmas;
        scheduler.Timesteps.ShouldBe(Enumerable.Range(0, count).Select(i => Math.Round(999.0 / count * (count - i))));
        // y = x / alpha
        var y = Noise(-1) / Alpha(sigmas[0]);
        var at = 0;
        foreach (var size in groups)
        {
            var (start, from, asked) = (y, at, new List<double>());
            for (var k = 1; k <= size; k++)
            {
                asked.Add(y - (sigmas[at] * Slope(y, sigmas[at])));
                at++;
                y = heun ? Exact(start, asked, from, at) : Midpoint(start, asked, from, at);
            }
        }

        at.ShouldBe(count);
        var last = sigmas[^1];
        Run(scheduler, sample => sample / Alpha(sigmas[sample.Index]), Noise(-1)).ShouldBe(y * Alpha(last), Tolerance);

        // sigma/sigma0 y0 + sigma * integral of e^lambda D(lambda), with the polynomial through all answers of the group
        double Exact(double y0, List<double> answers, int from, int to)
        {
            if (sigmas[to] == 0)
                return answers[0];
            double L(int i) => -Math.Log(sigmas[i]);
            return (sigmas[to] / sigmas[from] * y0) + (sigmas[to] * Integral(L(from), L(to), lambda => Math.Exp(lambda)
                * Enumerable.Range(0, answers.Count).Sum(i => answers[i] * Enumerable.Range(0, answers.Count).Where(other => other != i)
                    .Aggregate(1.0, (product, other) => product * (lambda - L(from + other)) / (L(from + i) - L(from + other))))));
        }

        // DPM-Solver++ 2S and DPM-Solver-3 of the papers: the slope of the last answer alone
        double Midpoint(double y0, List<double> answers, int from, int to)
        {
            if (sigmas[to] == 0)
                return answers[0];
            var h = Math.Log(sigmas[from] / sigmas[to]);
            var first = (sigmas[to] / sigmas[from] * y0) - (Expm1(-h) * answers[0]);
            if (answers.Count == 1)
                return first;
            var slope = (answers[^1] - answers[0]) * h / Math.Log(sigmas[from] / sigmas[to - 1]);
            return first + (answers.Count == 2 ? -Expm1(-h) / 2 * slope : ((Expm1(-h) / h) + 1) * slope);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void DPMSolverSinglestep_OfNoises_IntegratesThem(int order)
    {
        const int Count = 6;
        using var scheduler = Singlestep("dpmsolver", order, heun: true, endsAtSigmaMin: true);
        scheduler.SetTimesteps(Count);
        var sigmas = scheduler.Sigmas;
        var y = Noise(-1) / Alpha(sigmas[0]);
        for (var group = 0; group < Count; group += order)
        {
            var (start, asked) = (y, new List<double>());
            for (var k = 0; k < order; k++)
            {
                asked.Add(Slope(y, sigmas[group + k]));
                // y + integral of the noise over the level, with the polynomial in the logarithm of the level
                y = start + Integral(sigmas[group], sigmas[group + k + 1], level => Enumerable.Range(0, asked.Count).Sum(i => asked[i]
                    * Enumerable.Range(0, asked.Count).Where(other => other != i).Aggregate(1.0, (product, other) =>
                        product * Math.Log(level / sigmas[group + other]) / Math.Log(sigmas[group + i] / sigmas[group + other]))));
            }
        }

        Run(scheduler, sample => sample / Alpha(sigmas[sample.Index]), Noise(-1)).ShouldBe(y * Alpha(sigmas[^1]), Tolerance);
    }

    [Fact]
    public void DPMSolverSinglestep_FromThePictureInsideAGroup_BeginsAGroup()
    {
        using var scheduler = Singlestep("dpmsolver++", 3, heun: false, endsAtSigmaMin: false);
        scheduler.SetTimesteps(9);
        using var scope = TorchSharp.torch.NewDisposeScope();
        var latents = TorchSharp.torch.tensor(0.4);
        var output = TorchSharp.torch.tensor(0.1);

        // index 2 is the third question of its group, but the first of the run
        var step = scheduler.Step(output, 2, latents, null).PrevSample.item<double>();

        double Alpha(int i) => 1 / Math.Sqrt(1 + (scheduler.Sigmas[i] * scheduler.Sigmas[i]));
        var y = (0.4 / Alpha(2)) + ((scheduler.Sigmas[3] - scheduler.Sigmas[2]) * 0.1);
        step.ShouldBe(y * Alpha(3), 1e-6);
    }

    [Theory]
    [MemberData(nameof(SamplerFormulaTests.Runs), MemberType = typeof(SamplerFormulaTests))]
    public void DPMSolver2SAncestral_AsksInTheMiddle_AndComesUpWithNoise(string spacing, SigmaSpacing levels)
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

            double t = -Math.Log(sigmas[i]), h = -Math.Log(down) - t, s = t + (h / 2);
            var middle = (Math.Exp(-s) / Math.Exp(-t) * x) - (Expm1(-h / 2) * (x - (sigmas[i] * d)));
            var better = middle - (Math.Exp(-s) * Slope(middle, Math.Exp(-s)));
            x = (down / sigmas[i] * x) - (Expm1(-h) * better) + (up * Noise((2 * i) + 1));
        }

        Run(SchedulerKind.DPMSolver2SAncestral, spacing, levels).ShouldBe(x, Tolerance);
    }

    [Fact]
    public void DPMSolverMultistep_StochasticOfOrder3_IsDpmpp3MSde()
    {
        using var scheduler = Create(SchedulerKind.DPMSolverMultistep, "linspace",
            new SchedulerOptions { IsStochastic = true, SolverOrder = 3, Spacing = SigmaSpacing.Exponential });
        scheduler.SetTimesteps(Steps);
        var sigmas = scheduler.Sigmas;
        var x = Noise(-1) / Alpha(sigmas[0]);
        double old = 0, older = 0, h1 = 0, h2 = 0;
        for (var i = 0; i < Steps; i++)
        {
            var denoised = x - (sigmas[i] * Slope(x, sigmas[i]));
            if (sigmas[i + 1] == 0)
            {
                x = denoised;
                continue;
            }

            var h = Math.Log(sigmas[i] / sigmas[i + 1]);
            var phi2 = (Expm1(-2 * h) / (2 * h)) + 1;
            x = (Math.Exp(-2 * h) * x) - (Expm1(-2 * h) * denoised);
            if (i > 1)
            {
                var (r0, r1) = (h1 / h, h2 / h);
                var (near, far) = ((denoised - old) / r0, (old - older) / r1);
                x += (phi2 * (near + ((near - far) * r0 / (r0 + r1)))) - (((phi2 / (2 * h)) - 0.5) * ((near - far) / (r0 + r1)));
            }
            else if (i == 1)
            {
                x += phi2 * ((denoised - old) / (h1 / h));
            }

            x += Noise(i) * sigmas[i + 1] * Math.Sqrt(-Expm1(-2 * h));
            (older, old, h2, h1) = (old, denoised, h1, h);
        }

        Run(scheduler, sample => sample / Alpha(sigmas[sample.Index]), Noise(-1)).ShouldBe(x, Tolerance);
    }

    [Theory]
    [InlineData(SchedulerKind.TCD, "sigma_spacing")]
    [InlineData(SchedulerKind.TCD, "solver_order")]
    [InlineData(SchedulerKind.DPMSolverSinglestep, "stochastic")]
    [InlineData(SchedulerKind.DPMSolver2SAncestral, "solver_order")]
    public void Choice_ThatMeansNothing_IsRefused(SchedulerKind kind, string field)
    {
        var options = new SchedulerOptions
        {
            Spacing = field == "sigma_spacing" ? SigmaSpacing.AlignYourSteps : null,
            SolverOrder = field == "solver_order" ? 2 : null,
            IsStochastic = field == "stochastic",
        };

        Should.Throw<InvalidInputException>(() => Create(kind, "linspace", options)).Field.ShouldBe(field);
    }

    [Fact]
    public void DPMSolverSinglestep_OwnConfigThatIsStochastic_IsRefusedByName()
    {
        var config = SchedulerConfig.Parse("""{ "_class_name": "DPMSolverSinglestepScheduler", "algorithm_type": "sde-dpmsolver++" }"""u8.ToArray());

        config.OwnIsRefused.ShouldNotBeNull().ShouldContain("sde-dpmsolver++");
    }

    private static Scheduler Singlestep(string algorithm, int order, bool heun, bool endsAtSigmaMin) => SchedulerConfig.Parse(Encoding.UTF8.GetBytes(
        $$"""
        {
            "_class_name": "DPMSolverSinglestepScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
            "algorithm_type": "{{algorithm}}", "solver_order": {{order}}, "solver_type": "{{(heun ? "heun" : "midpoint")}}",
            "final_sigmas_type": "{{(endsAtSigmaMin ? "sigma_min" : "zero")}}"
        }
        """)).Create();

    // sqrt(beta) evenly spaced, as Stable Diffusion was trained
    private static double[] Cumulative()
    {
        var product = 1.0;
        double Root(int i) => Math.Sqrt(0.00085) + (i / 999.0 * (Math.Sqrt(0.012) - Math.Sqrt(0.00085)));
        return [.. Enumerable.Range(0, 1000).Select(i => product *= 1 - (Root(i) * Root(i)))];
    }
}
