using System.Diagnostics;

namespace Realign.Hosting.Telemetry;

/// <summary>Spans of our own, between those of .NET at both ends of a call.</summary>
internal static class ServiceActivities
{
    public static readonly ActivitySource Source = new(ServiceMetrics.Name);
}
