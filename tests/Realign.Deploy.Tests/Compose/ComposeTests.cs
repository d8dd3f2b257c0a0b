using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Manifests;
using Realign.Testing;
using Realign.Wire.Mesh;
using Shouldly;
using Xunit;

namespace Realign.Deploy.Tests.Compose;

/// <summary>The compose file, and what Prometheus and Grafana find in it.</summary>
public sealed class ComposeTests
{
    private static readonly Dictionary<string, Action<JsonObject>> Faults = new()
    {
        ["gateway: 0.0.0.0:5100:5100/tcp is published to all machines"] = services => services["gateway"]!["ports"]![0] = "0.0.0.0:5100:5100/tcp",
        ["tagger: its root file system can be written to"] = services => services["tagger"]!.AsObject().Remove("read_only"),
        ["tagger: it keeps capabilities"] = services => services["tagger"]!["cap_add"] = new JsonArray("SYS_ADMIN"),
        ["tagger: it may gain privileges"] = services => services["tagger"]!.AsObject().Remove("security_opt"),
        ["tagger: its memory has no limit"] = services => services["tagger"]!.AsObject().Remove("mem_limit"),
        ["tagger: it may run as root"] = services => services["tagger"]!["user"] = "0",
        ["tagger: Tagger__Thread is no setting of tagger"] = services => services["tagger"]!["environment"]!["Tagger__Thread"] = "1",
        ["tagger: its health is asked at another port"] = services => services["tagger"]!["healthcheck"]!["test"] = new JsonArray("CMD", "/cli/realign"),
        ["tagger: it is killed after 10 s"] = services => services["tagger"]!["stop_grace_period"] = "10s",
        ["gateway: of several replicas of tagger behind 'http://tagger:5103' one gets all calls"] =
            services => services["gateway"]!["environment"]!["Gateway__Tagger"] = "http://tagger:5103",
        ["gateway: tagger is not at 'dns:///segmenter:5103'"] = services => services["gateway"]!["environment"]!["Gateway__Tagger"] = "dns:///segmenter:5103",
    };

    public static TheoryData<string> Problems => [.. Faults.Keys];

    [Fact]
    public async Task Rules_AreKept()
    {
        var file = await ComposeFile.ReadAsync();

        file.Own.Select(own => own.Service).Distinct().Count().ShouldBe(6);
        ComposeRules.Check(file).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Problems))]
    public async Task Fault_IsFound(string problem)
    {
        var file = await ComposeFile.ReadAsync();

        Faults[problem](file.Body["services"]!.AsObject());

        ComposeRules.Check(file).ShouldContain(problem);
    }

    // a name or a fixed port would keep a service to one container
    [Fact]
    public async Task Backends_CanHaveReplicas()
    {
        var file = await ComposeFile.ReadAsync();

        file.Own.Where(own => own.Service != MeshService.Gateway && (own.Body["ports"] is not null || own.Body["container_name"] is not null))
            .Select(own => own.Name).ShouldBeEmpty();
    }

    [Fact]
    public async Task Prometheus_ScrapesEveryService_UnderItsName()
    {
        var file = await ComposeFile.ReadAsync();
        var configuration = YamlText.Read(await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "prometheus", "prometheus.yml"))).Single();

        var scraped = configuration["scrape_configs"]!.AsArray().SelectMany(job => job!["dns_sd_configs"]![0]!["names"]!.AsArray()
            .Select(name => (Name: name!.ToString(), Job: job["job_name"]!.ToString())));

        scraped.ShouldBe(file.Own.Select(own => (own.Name, Job: own.Service.Name)), ignoreOrder: true);
    }

    [Fact]
    public async Task Grafana_FindsItsDashboardAndPrometheus()
    {
        var file = await ComposeFile.ReadAsync();
        var provisioning = Path.Combine(Checkout.Root, "deploy", "grafana", "provisioning");
        var provider = YamlText.Read(await File.ReadAllTextAsync(Path.Combine(provisioning, "dashboards", "realign.yml"))).Single();
        var source = YamlText.Read(await File.ReadAllTextAsync(Path.Combine(provisioning, "datasources", "prometheus.yml"))).Single();

        var folder = provider["providers"]![0]!["options"]!["path"]!.ToString();
        file.Services["grafana"]["volumes"]!.AsArray().Select(volume => volume!.ToString())
            .ShouldContain($"{Checkout.Root}/deploy/grafana/realign.json:{folder}/realign.json:ro");
        file.Services.ShouldContainKey(new Uri(source["datasources"]![0]!["url"]!.ToString()).Host);
    }
}
