using Realign.V1;

namespace Realign.Wire.Schedulers;

/// <summary>A scheduler under all its names: the only table of them.</summary>
/// <param name="Value">In messages.</param>
/// <param name="Option">On the command line, e.g. <c>euler-ancestral</c>.</param>
/// <param name="ClassName">In a checkpoint's <c>scheduler_config.json</c>, e.g. <c>EulerAncestralDiscreteScheduler</c>.</param>
/// <param name="Title">For people.</param>
public sealed record SchedulerName(Scheduler Value, string Option, string ClassName, string Title)
{
    /// <summary>In the order of the proto.</summary>
    public static IReadOnlyList<SchedulerName> All { get; } =
    [
        new(Scheduler.Ddim, "ddim", "DDIMScheduler", "DDIM"),
        new(Scheduler.Ddpm, "ddpm", "DDPMScheduler", "DDPM"),
        new(Scheduler.Pndm, "pndm", "PNDMScheduler", "PNDM"),
        new(Scheduler.Euler, "euler", "EulerDiscreteScheduler", "Euler"),
        new(Scheduler.EulerAncestral, "euler-ancestral", "EulerAncestralDiscreteScheduler", "Euler ancestral"),
        new(Scheduler.DpmSolverMultistep, "dpm-solver-multistep", "DPMSolverMultistepScheduler", "DPM-Solver++ 2M"),
        new(Scheduler.Lcm, "lcm", "LCMScheduler", "LCM"),
        new(Scheduler.UniPcMultistep, "uni-pc-multistep", "UniPCMultistepScheduler", "UniPC"),
        new(Scheduler.Heun, "heun", "HeunDiscreteScheduler", "Heun"),
        new(Scheduler.Lms, "lms", "LMSDiscreteScheduler", "LMS"),
        new(Scheduler.Kdpm2, "kdpm2", "KDPM2DiscreteScheduler", "DPM2"),
        new(Scheduler.Kdpm2Ancestral, "kdpm2-ancestral", "KDPM2AncestralDiscreteScheduler", "DPM2 ancestral"),
        new(Scheduler.DeisMultistep, "deis-multistep", "DEISMultistepScheduler", "DEIS"),
        new(Scheduler.DpmSolverSde, "dpm-solver-sde", "DPMSolverSDEScheduler", "DPM-Solver++ SDE"),
        new(Scheduler.Tcd, "tcd", "TCDScheduler", "TCD"),
        new(Scheduler.DpmSolverSinglestep, "dpm-solver-singlestep", "DPMSolverSinglestepScheduler", "DPM-Solver++ singlestep"),
        new(Scheduler.DpmSolver2SAncestral, "dpm-solver-2s-ancestral", "DPMSolver2SAncestralScheduler", "DPM-Solver++ 2S ancestral"),
    ];

    /// <summary>Null for UNSPECIFIED, which stands for the checkpoint's own, and for values this build does not know.</summary>
    public static SchedulerName? Of(Scheduler value) => All.FirstOrDefault(name => name.Value == value);

    /// <summary>Null for a class that no message can name.</summary>
    public static SchedulerName? OfClass(string className) => All.FirstOrDefault(name => name.ClassName == className);

    /// <summary>Null for an unknown name; case does not matter.</summary>
    public static SchedulerName? OfOption(string option) => All.FirstOrDefault(name => name.Option.Equals(option, StringComparison.OrdinalIgnoreCase));
}
