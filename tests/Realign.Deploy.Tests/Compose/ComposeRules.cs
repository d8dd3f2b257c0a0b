using System.Globalization;
using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Settings;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Testing;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Compose;

/// <summary>What must hold in the compose file: nothing open to other machines, nothing written to, and names that lead somewhere.</summary>
internal static class ComposeRules
{
    private static readonly string[] FromOutside = ["/etc/localtime"];

    public static IReadOnlyList<string> Check(ComposeFile file) => [.. file.Services.SelectMany(pair => Container(pair.Key, pair.Value)), .. file.Own.SelectMany(
        own => Service(file, own.Name, own.Body, own.Service))];

    private static IEnumerable<string> Container(string name, JsonObject body)
    {
        if (body["read_only"]?.ToString() != "true")
            yield return $"{name}: its root file system can be written to";
        if (body["cap_drop"]?.ToJsonString() != "[\"ALL\"]" || body["cap_add"] is not null || body["privileged"] is not null)
            yield return $"{name}: it keeps capabilities";
        if (body["security_opt"]?.ToJsonString().Contains("no-new-privileges:true", StringComparison.Ordinal) != true)
            yield return $"{name}: it may gain privileges";
        if (body["mem_limit"] is null)
            yield return $"{name}: its memory has no limit";
        foreach (var port in (body["ports"]?.AsArray() ?? []).Where(port => !port!.ToString().StartsWith("127.0.0.1:", StringComparison.Ordinal)))
            yield return $"{name}: {port} is published to all machines";
        foreach (var volume in body["volumes"]?.AsArray() ?? [])
        {
            var parts = volume!.ToString().Split(':');
            if (parts[0].StartsWith('/') && parts[^1] != "ro")
                yield return $"{name}: {parts[0]} of this machine can be written to";
            if (parts[0].StartsWith(Checkout.Root, StringComparison.Ordinal) && !Path.Exists(parts[0]))
                yield return $"{name}: there is no {parts[0]}";
            if (parts[0].StartsWith('/') && !parts[0].StartsWith(Checkout.Root, StringComparison.Ordinal) && !FromOutside.Contains(parts[0]))
                yield return $"{name}: {parts[0]} is not of this checkout";
        }
    }

    private static IEnumerable<string> Service(ComposeFile file, string name, JsonObject body, MeshService service)
    {
        var environment = body["environment"]!.AsObject();
        foreach (var (variable, _) in environment.Where(pair => !SettingNames.Exists(service.Name, pair.Key)))
            yield return $"{name}: {variable} is no setting of {service}";
        if (body["user"]?.ToString().StartsWith("1654", StringComparison.Ordinal) != true)
            yield return $"{name}: it may run as root";
        if (body["tmpfs"]?.ToJsonString().Contains("/tmp", StringComparison.Ordinal) != true)
            yield return $"{name}: .NET finds no /tmp to write to";
        if (environment["ASPNETCORE_URLS"]?.ToString() != $"http://0.0.0.0:{service.Port}")
            yield return $"{name}: it does not listen at {service.Port}";
        if (body["healthcheck"]?["test"]?.ToJsonString().Contains($":{service.Port}", StringComparison.Ordinal) != true)
            yield return $"{name}: its health is asked at another port";
        var grace = int.Parse(body["stop_grace_period"]?.ToString().TrimEnd('s') ?? "10", CultureInfo.InvariantCulture);
        if (grace < new HostingOptions().DrainSeconds + ModelRunner.StopLimit.TotalSeconds)
            yield return $"{name}: it is killed after {grace} s";
        foreach (var backend in MeshService.Backends.Where(_ => service == MeshService.Gateway))
        {
            var address = environment[$"Gateway__{backend.Section}"]?.ToString() ?? "";
            var parts = address.Replace("dns:///", "", StringComparison.Ordinal).Split(':');
            if (!address.StartsWith("dns:///", StringComparison.Ordinal))
                yield return $"{name}: of several replicas of {backend} behind '{address}' one gets all calls";
            else if (!file.Own.Any(own => own.Name == parts[0] && own.Service == backend) || parts[^1] != $"{backend.Port}")
                yield return $"{name}: {backend} is not at '{address}'";
        }
    }
}
