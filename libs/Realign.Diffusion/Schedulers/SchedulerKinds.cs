namespace Realign.Diffusion.Schedulers;

/// <summary>Published class names of the schedulers.</summary>
public static class SchedulerKinds
{
    private const string Suffix = "Scheduler";

    /// <summary>All that are implemented.</summary>
    public static IReadOnlyList<SchedulerKind> All { get; } = Enum.GetValues<SchedulerKind>();

    /// <summary>For example <c>EulerDiscreteScheduler</c>.</summary>
    public static string ClassName(this SchedulerKind kind) => kind + Suffix;

    /// <summary>The scheduler of a class name; null when it is not implemented.</summary>
    public static SchedulerKind? Find(string className)
    {
        foreach (var kind in All)
        {
            if (kind.ClassName() == className)
                return kind;
        }

        return null;
    }
}
