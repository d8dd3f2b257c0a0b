using System.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>Every scheduler at every length of run, and what a checkpoint's own class means for the calls.</summary>
public sealed class SchedulerTests
{
    private const string StableDiffusion = """
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000, "steps_offset": 1, "clip_sample": false
        """;

    private static readonly int[] Lengths = [1, 2, 3, 10, 25, 50, 100, 500, 998, 999, 1000];

    public static TheoryData<SchedulerKind> Kinds => [.. SchedulerKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnyLengthOfRun_EndsInFiniteLatents_OrIsRefusedInWords(SchedulerKind kind)
    {
        foreach (var spacing in new[] { "leading", "trailing", "linspace" })
        {
            using var scheduler = Parse($"{{ {StableDiffusion}, \"timestep_spacing\": \"{spacing}\" }}").Create(kind);
            var refused = Lengths.Where(steps => !Runs(scheduler, steps)).ToList();

            // leading timesteps of width 1 start at the offset, those of the solvers at two; evenly spaced ones of the solvers are rounded
            int[] expected = (kind, spacing) switch
            {
                (SchedulerKind.LCM or SchedulerKind.TCD, _) => [100, 500, 998, 999, 1000],
                (SchedulerKind.DPMSolverMultistep or SchedulerKind.UniPCMultistep or SchedulerKind.DEISMultistep, "leading") => [999, 1000],
                (SchedulerKind.DPMSolverMultistep or SchedulerKind.UniPCMultistep or SchedulerKind.DEISMultistep, "linspace") => [1000],
                // evenly spaced whatever the checkpoint says
                (SchedulerKind.DPMSolverSinglestep, _) => [1000],
                (_, "leading") => [1000],
                _ => [],
            };
            refused.SequenceEqual(expected).ShouldBeTrue($"{kind}, {spacing}: refuses {string.Join(", ", refused)}");
        }
    }

    [Theory]
    [InlineData(SchedulerKind.EulerDiscrete, "\"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.EulerDiscrete, "\"interpolation_type\": \"log_linear\"")]
    [InlineData(SchedulerKind.DPMSolverMultistep, "\"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.DPMSolverMultistep, "\"use_lu_lambdas\": true")]
    [InlineData(SchedulerKind.DPMSolverMultistep, "\"algorithm_type\": \"sde-dpmsolver++\", \"final_sigmas_type\": \"sigma_min\"")]
    [InlineData(SchedulerKind.DPMSolverMultistep, "\"solver_order\": 3, \"lower_order_final\": false")]
    [InlineData(SchedulerKind.UniPCMultistep, "\"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.UniPCMultistep, "\"solver_order\": 3, \"solver_type\": \"bh1\"")]
    [InlineData(SchedulerKind.DPMSolverMultistep, "\"algorithm_type\": \"sde-dpmsolver++\", \"solver_order\": 3")]
    [InlineData(SchedulerKind.DPMSolverSinglestep, "\"solver_order\": 3, \"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.DPMSolverSinglestep, "\"solver_type\": \"heun\", \"use_exponential_sigmas\": true")]
    [InlineData(SchedulerKind.DPMSolver2SAncestral, "\"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.HeunDiscrete, "\"use_karras_sigmas\": true")]
    [InlineData(SchedulerKind.KDPM2AncestralDiscrete, "\"use_exponential_sigmas\": true")]
    [InlineData(SchedulerKind.LMSDiscrete, "\"use_beta_sigmas\": true")]
    [InlineData(SchedulerKind.DDIM, "\"rescale_betas_zero_snr\": true, \"prediction_type\": \"v_prediction\"")]
    public void AnyLengthOfRun_WithPublishedOptions_EndsInFiniteLatents(SchedulerKind kind, string options)
    {
        using var scheduler = Parse($"{{ {StableDiffusion}, \"timestep_spacing\": \"trailing\", {options} }}").Create(kind);

        Lengths.ShouldAllBe(steps => Runs(scheduler, steps));
    }

    [Fact]
    public void SetTimesteps_MoreThanTheSpacingHas_NamesALengthThatWorks()
    {
        using var scheduler = Parse($"{{ {StableDiffusion} , \"timestep_spacing\": \"leading\" }}").Create(SchedulerKind.DPMSolverMultistep);

        var failure = Should.Throw<InvalidInputException>(() => scheduler.SetTimesteps(999));

        failure.Problem.ShouldContain("timestep 1000 of 0..999");
        failure.WayOut.ShouldContain("at most 998 steps");
        Runs(scheduler, 998).ShouldBeTrue();
    }

    [Theory]
    [InlineData(SchedulerKind.DDIM)]
    [InlineData(SchedulerKind.PNDM)]
    public void SetTimesteps_NoisePredictionFromPureNoise_IsRefused(SchedulerKind kind)
    {
        using var scheduler = Parse($"{{ {StableDiffusion}, \"timestep_spacing\": \"trailing\", \"rescale_betas_zero_snr\": true }}").Create(kind);

        Should.Throw<FailedPreconditionException>(() => scheduler.SetTimesteps(10)).Message.ShouldContain("rescale_betas_zero_snr");
    }

    [Theory]
    [InlineData("EDMEulerScheduler", "\"prediction_type\": \"epsilon\"")]
    [InlineData("IPNDMScheduler", "\"prediction_type\": \"epsilon\"")]
    [InlineData("SASolverScheduler", "\"predictor_order\": 2")]
    public void OwnSchedulerThatIsNotImplemented_RefusesOnlyRunsThatNameNone(string className, string fields)
    {
        var config = Parse($"{{ \"_class_name\": \"{className}\", {StableDiffusion}, {fields} }}");

        config.OwnIsRefused.ShouldNotBeNull().ShouldContain(className);
        var failure = Should.Throw<FailedPreconditionException>(() => config.Create());
        failure.Message.ShouldContain(className);
        failure.WayOut.ShouldContain("UniPCMultistep");
        foreach (var kind in SchedulerKinds.All)
        {
            using var scheduler = config.Create(kind);
            Runs(scheduler, 10).ShouldBeTrue($"{kind}");
        }
    }

    [Fact]
    public void OwnSchedulerOfAnUnknownForm_LoadsToo()
    {
        var config = Parse($"{{ \"_class_name\": \"DPMSolverMultistepScheduler\", {StableDiffusion}, \"use_beta_sigmas\": true }}");

        config.OwnIsRefused.ShouldNotBeNull().ShouldContain("use_beta_sigmas");
        using var other = config.Create(SchedulerKind.EulerDiscrete);
    }

    [Fact]
    public void Pndm_IsThePlmsForm_UnlessTheCheckpointAsksForTheWarmUp()
    {
        // the second timestep twice, or twelve calls of warm-up
        using var silent = Parse($"{{ {StableDiffusion} }}").Create(SchedulerKind.PNDM);
        using var asked = Parse($"{{ \"_class_name\": \"PNDMScheduler\", {StableDiffusion}, \"skip_prk_steps\": false }}").Create();
        silent.SetTimesteps(25);
        asked.SetTimesteps(25);

        silent.Timesteps.Count.ShouldBe(26);
        asked.Timesteps.Count.ShouldBe(34);
    }

    [Fact]
    public void Load_ClassOfTheIndex_CountsMoreThanThatOfTheFile()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"{{ \"_class_name\": \"PNDMScheduler\", {StableDiffusion} }}");

            SchedulerConfig.Load(file, "EulerDiscreteScheduler").Kind.ShouldBe(SchedulerKind.EulerDiscrete);
            SchedulerConfig.Load(file).Kind.ShouldBe(SchedulerKind.PNDM);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void HasEta_IsTrueOfDdimAndTcd()
    {
        foreach (var kind in SchedulerKinds.All)
        {
            using var scheduler = Parse($"{{ {StableDiffusion} }}").Create(kind);
            scheduler.HasEta.ShouldBe(kind is SchedulerKind.DDIM or SchedulerKind.TCD);
            SchedulerKinds.Find(kind.ClassName()).ShouldBe(kind);
        }

        SchedulerKinds.Find("0Scheduler").ShouldBeNull();
    }

    private static SchedulerConfig Parse(string json) => SchedulerConfig.Parse(Encoding.UTF8.GetBytes(json));

    // false where it is refused; timesteps and latents are looked at
    private static bool Runs(Scheduler scheduler, int steps)
    {
        try
        {
            scheduler.SetTimesteps(steps);
        }
        catch (InvalidInputException exception)
        {
            exception.Field.ShouldBe("num_inference_steps");
            exception.WayOut.ShouldNotBeEmpty();
            return false;
        }

        scheduler.Timesteps.ShouldAllBe(time => time >= 0 && time <= 999);
        using var scope = NewDisposeScope();
        var latents = linspace(-1.5, 1.5, 4).view(1, 1, 2, 2).mul(Torch.Scalars.Of(scheduler.InitNoiseSigma));
        var noise = linspace(1, -1, 4).view(1, 1, 2, 2);
        for (var i = 0; i < scheduler.Timesteps.Count; i++)
        {
            using var inner = NewDisposeScope();
            // a denoiser that sees everything as noise of unit variance
            var output = scheduler.ScaleModelInput(latents, i).mul(Torch.Scalars.Of(0.5));
            latents = scheduler.Step(output, i, latents, scheduler.NeedsNoise(i) ? noise : null).PrevSample.MoveToOuterDisposeScope();
        }

        latents.isfinite().all().item<bool>().ShouldBeTrue($"{scheduler.Kind}, {steps} steps");
        return true;
    }
}
