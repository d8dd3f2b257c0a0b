namespace Realign.Hosting.Scheduling;

/// <summary>What one tenant has had of a model.</summary>
internal sealed class TenantShare
{
    /// <summary>Seconds of work done for it, counted from those of the tenant that had least when it came.</summary>
    public double Served { get; set; }

    /// <summary>Its calls that wait or are worked on.</summary>
    public int Calls { get; set; }
}
