using Realign.Core.Configs;
using Realign.Core.Errors;

namespace Realign.Diffusion.Schedulers;

/// <summary>
/// A published <c>scheduler_config.json</c>. A checkpoint's noise schedule serves every scheduler, so each one reads what it needs from
/// the same file, with its own defaults for fields that the file lacks.
/// </summary>
public sealed class SchedulerConfig
{
    private readonly ConfigReader _file;

    private SchedulerConfig(ConfigReader file, string className)
    {
        _file = file;
        ClassName = className;
        Kind = SchedulerKinds.Find(className);
    }

    /// <summary>Class the checkpoint names; DDIM where it names none.</summary>
    public string ClassName { get; }

    /// <summary>The scheduler of that class; null when it is not implemented.</summary>
    public SchedulerKind? Kind { get; }

    /// <summary>Why every call has to name a scheduler: the checkpoint's own cannot be used. Null = it can.</summary>
    public string? OwnIsRefused { get; private set; }

    /// <summary>Reads <c>scheduler_config.json</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="className">Class that <c>model_index.json</c> names; null = the file's own.</param>
    /// <exception cref="ModelLoadException">A value of the checkpoint's own class is of the wrong kind or not implemented; lists all.</exception>
    public static SchedulerConfig Load(string path, string? className = null) => Read(ConfigReader.Open(path), className);

    /// <summary>Reads the text of a <c>scheduler_config.json</c>.</summary>
    /// <param name="utf8">JSON.</param>
    /// <param name="path">What error messages call it.</param>
    /// <param name="className">Class that the index names; null = the file's own.</param>
    /// <exception cref="ModelLoadException">As <see cref="Load"/>.</exception>
    public static SchedulerConfig Parse(ReadOnlyMemory<byte> utf8, string path = "scheduler_config.json", string? className = null) =>
        Read(ConfigReader.Parse(path, utf8), className);

    /// <summary>A scheduler for this checkpoint.</summary>
    /// <param name="kind">Null = the checkpoint's own.</param>
    /// <param name="options">Choices of one run.</param>
    /// <exception cref="FailedPreconditionException">The checkpoint's own is not implemented, or the file asks for what this one has not.</exception>
    /// <exception cref="ModelLoadException">A value of the file is not one of this scheduler's; lists all.</exception>
    public Scheduler Create(SchedulerKind? kind = null, SchedulerOptions? options = null)
    {
        var chosen = kind ?? Kind ?? throw new FailedPreconditionException(
            $"this checkpoint's own scheduler is {ClassName}, which is not implemented",
            $"name one of these in the call: {string.Join(", ", SchedulerKinds.All)}");
        options ??= SchedulerOptions.Default;
        var choice = new SolverChoice(options);
        choice.Check(chosen);
        return chosen switch
        {
            SchedulerKind.DDIM => new DDIMScheduler(Fields(DDIMConfig.Read), options),
            SchedulerKind.DDPM => new DDPMScheduler(Fields(DDPMConfig.Read), options),
            SchedulerKind.PNDM => new PNDMScheduler(Fields(PNDMConfig.Read), options),
            SchedulerKind.EulerDiscrete => new EulerDiscreteScheduler(choice.Of(Fields(EulerDiscreteConfig.Read)), options),
            SchedulerKind.EulerAncestralDiscrete =>
                new EulerAncestralDiscreteScheduler(Fields(EulerAncestralDiscreteConfig.Read), options),
            SchedulerKind.DPMSolverMultistep => new DPMSolverMultistepScheduler(choice.Of(Fields(DPMSolverConfig.ReadMultistep)), options),
            SchedulerKind.LCM => new LCMScheduler(Fields(LCMConfig.Read), options),
            SchedulerKind.UniPCMultistep => new UniPCMultistepScheduler(choice.Of(Fields(UniPCMultistepConfig.Read)), options),
            SchedulerKind.HeunDiscrete => new HeunDiscreteScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            SchedulerKind.LMSDiscrete => new LMSDiscreteScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            SchedulerKind.KDPM2Discrete => new KDPM2DiscreteScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            SchedulerKind.KDPM2AncestralDiscrete => new KDPM2AncestralDiscreteScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            SchedulerKind.DPMSolverSDE => new DPMSolverSDEScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            SchedulerKind.DEISMultistep => new DEISMultistepScheduler(choice.Of(Fields(DEISMultistepConfig.Read)), options),
            SchedulerKind.TCD => new TCDScheduler(Fields(TCDConfig.Read), options),
            SchedulerKind.DPMSolverSinglestep => new DPMSolverSinglestepScheduler(choice.Of(Fields(DPMSolverConfig.ReadSinglestep)), options),
            SchedulerKind.DPMSolver2SAncestral => new DPMSolver2SAncestralScheduler(choice.Of(Fields(SigmaSamplerConfig.Read)), options),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such scheduler"),
        };
    }

    private static SchedulerConfig Read(ConfigReader file, string? className)
    {
        var config = new SchedulerConfig(file, className ?? file.Text("_class_name", SchedulerKind.DDIM.ClassName()));
        file.ThrowIfAny();
        try
        {
            // the noise schedule is looked at in any case
            using var other = config.Kind is null ? config.Create(SchedulerKind.DDIM) : null;
            using var own = config.Create();
        }
        catch (FailedPreconditionException exception)
        {
            config.OwnIsRefused = exception.Message;
        }

        return config;
    }

    private TConfig Fields<TConfig>(Func<SchedulerFields, TConfig> read)
    {
        var file = _file.Again();
        var config = read(new SchedulerFields(file));
        file.ThrowIfAny();
        return config;
    }
}
