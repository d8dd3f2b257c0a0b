namespace Realign.Generator.Drawing;

/// <summary>Something to tell while drawing.</summary>
internal abstract record DrawingEvent;

/// <summary>Steps done of all; the first one says 0.</summary>
internal sealed record StepDone(int Step, int TotalSteps, double Timestep, double EtaMilliseconds, bool IsModulated) : DrawingEvent;

/// <summary>What the clean image looks like after a step.</summary>
internal sealed record PreviewMade(int Step, byte[] Png) : DrawingEvent;
