using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Charts;
using Realign.Deploy.Tests.Manifests;
using Realign.Deploy.Tests.Programs;
using Realign.Testing;
using Realign.Wire.Mesh;

namespace Realign.Deploy.Tests.Compose;

/// <summary>docker-compose.yml as docker-compose reads it, all profiles.</summary>
/// <param name="Body">Its services, volumes and networks.</param>
internal sealed record ComposeFile(JsonObject Body)
{
    private const string Program = "/usr/bin/docker-compose";

    /// <summary>Services by name.</summary>
    public IReadOnlyDictionary<string, JsonObject> Services =>
        Body["services"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.AsObject(), StringComparer.Ordinal);

    /// <summary>Those with an image of ours.</summary>
    public IEnumerable<(string Name, JsonObject Body, MeshService Service)> Own => Services.Where(pair => pair.Value["build"] is not null)
        .Select(pair => (pair.Key, pair.Value, MeshService.All.Single(service => service.Section == pair.Value["build"]!["args"]!["SERVICE"]!.ToString())));

    /// <summary>Reads it; the test is skipped where docker-compose is not installed.</summary>
    public static async Task<ComposeFile> ReadAsync()
    {
        Helm.Require(Program);
        var file = Path.Combine(Checkout.Root, "docker-compose.yml");
        var text = await ProgramRun.OutputAsync(Program, "-f", file, "--profile", "gpu", "--profile", "monitoring", "config");
        return new ComposeFile(YamlText.Read(text).Single());
    }
}
