namespace Realign.Hosting.Scheduling;

/// <summary>How much has been spent on a call already.</summary>
public enum CallPriority
{
    /// <summary>Nothing: it stands for itself.</summary>
    Normal,

    /// <summary>It continues a flow that other models have worked for: it goes before new calls, and a full queue makes room for it.</summary>
    Continuing,
}
