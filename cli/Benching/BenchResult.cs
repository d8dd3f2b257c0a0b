using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Realign.Wire.Requests;

namespace Realign.Cli.Benching;

/// <summary>Everything that was measured of one method.</summary>
/// <param name="Method">Which.</param>
/// <param name="Address">Where.</param>
/// <param name="Settings">How long.</param>
internal sealed record BenchResult(string Method, string Address, BenchSettings Settings)
{
    /// <summary>In the order in which they were measured.</summary>
    public List<LoadPoint> Points { get; } = [];

    /// <summary>Null = it was not asked for.</summary>
    public CancelLatency? Cancel { get; set; }

    /// <summary>The best goodput of all loads that are no multiples of it; 0 = none.</summary>
    public double Peak => Points.Where(point => point.Multiple is null).Select(point => point.Figures.Goodput).DefaultIfEmpty(0).Max();

    /// <summary>Goodput of a point beside the peak.</summary>
    public double? OfPeak(LoadPoint point) => point.Multiple is null || Peak <= 0 ? null : point.Figures.Goodput / Peak;

    /// <summary>A status as the protocol spells it, e.g. <c>RESOURCE_EXHAUSTED</c>.</summary>
    public static string NameOf(StatusCode code) => ProtoNames.Full((Code)code);

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["method"] = Method,
            ["address"] = Address,
            ["deadline_seconds"] = Settings.Deadline.TotalSeconds,
            ["warm_up_seconds"] = Settings.WarmUp.TotalSeconds,
            ["window_seconds"] = Settings.Window.TotalSeconds,
            ["loads"] = new JsonArray([.. Points.Select(ToJson)]),
        };
        if (Cancel is { } cancel)
            json["cancel"] = new JsonObject { ["idle_ms"] = cancel.Idle.ToJson(), ["cancelled_ms"] = cancel.Cancelled.ToJson() };
        return json;
    }

    private JsonObject ToJson(LoadPoint point)
    {
        var json = new JsonObject { ["kind"] = point.Kind, ["level"] = point.Level, ["stable"] = point.IsStable };
        if (point.Multiple is { } multiple)
            (json["multiple"], json["goodput_of_peak"]) = (multiple, OfPeak(point));
        Add(json, point.Figures);
        if (point.Tenants.Count > 0)
            json["tenants"] = new JsonObject(point.Tenants.Select(tenant => KeyValuePair.Create<string, JsonNode?>(tenant.Name, Add([], tenant.Figures))));
        json["windows"] = new JsonArray([.. point.Windows.Select(window => new JsonObject
        {
            ["seconds"] = window.Seconds,
            ["goodput"] = window.Goodput,
            ["mean_ms"] = window.Latency?.Mean,
        })]);
        return json;
    }

    private static JsonObject Add(JsonObject json, LoadFigures figures)
    {
        json["seconds"] = figures.Seconds;
        json["goodput"] = figures.Goodput;
        json["codes"] = new JsonObject(figures.Codes.Select(code => KeyValuePair.Create<string, JsonNode?>(NameOf(code.Key), code.Value)));
        json["latency_ms"] = figures.Latency?.ToJson();
        json["first_message_ms"] = figures.First?.ToJson();
        json["refusal_ms"] = figures.Refusal?.ToJson();
        json["send_lag_ms"] = figures.Lag?.ToJson();
        return json;
    }
}
