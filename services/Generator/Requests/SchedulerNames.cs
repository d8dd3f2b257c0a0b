using Realign.V1;

namespace Realign.Generator.Requests;

/// <summary>Schedulers of the protos by their published class names.</summary>
internal static class SchedulerNames
{
    private static readonly Dictionary<Scheduler, string> Classes = new()
    {
        [Scheduler.Ddim] = "DDIMScheduler",
        [Scheduler.Ddpm] = "DDPMScheduler",
        [Scheduler.Pndm] = "PNDMScheduler",
        [Scheduler.Euler] = "EulerDiscreteScheduler",
        [Scheduler.EulerAncestral] = "EulerAncestralDiscreteScheduler",
        [Scheduler.DpmSolverMultistep] = "DPMSolverMultistepScheduler",
        [Scheduler.Lcm] = "LCMScheduler",
        [Scheduler.UniPcMultistep] = "UniPCMultistepScheduler",
    };

    /// <summary>Null for the checkpoint's own.</summary>
    public static string? ClassOf(Scheduler scheduler) => Classes.GetValueOrDefault(scheduler);

    public static Scheduler Of(string className) => Classes.First(pair => pair.Value == className).Key;
}
