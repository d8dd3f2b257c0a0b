using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>What Triton's dashboards look for. Not beside other tests: an exporter reports the meters of all services in its process.</summary>
[Collection(nameof(TritonMetricsTests))]
[CollectionDefinition(nameof(TritonMetricsTests), DisableParallelization = true)]
public sealed class TritonMetricsTests
{
    [Fact]
    public async Task Metrics_HaveTheNamesOfTriton()
    {
        await using var service = await EchoService.StartAsync("--Hosting:MetricsPort=0");
        _ = await service.InferAsync(EchoService.Request());
        _ = await TestService.FailsAsync(() => service.InferAsync(EchoService.Request("refuse")));
        var port = service.Services.GetServices<IHostedService>().Select(hosted => hosted.GetType().GetProperty("Address")?.GetValue(hosted) as string)
            .First(address => address is not null)!;
        using var client = new HttpClient { BaseAddress = new Uri(port) };

        var lines = (await client.GetStringAsync("/metrics")).Split('\n');

        double Value(string name, string label = "model=\"echo\"") => double.Parse(lines.Single(line =>
            line.StartsWith(name + "{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal)
            && line.Contains("model=\"echo\"", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        Value("nv_inference_request_success").ShouldBe(1);
        Value("nv_inference_request_failure", "reason=\"OTHER\"").ShouldBe(1);
        Value("nv_inference_request_failure", "reason=\"REJECTED\"").ShouldBe(0);
        Value("nv_inference_count", "version=\"1\"").ShouldBe(1);
        Value("nv_inference_exec_count").ShouldBe(2);
        Value("nv_inference_pending_request_count").ShouldBe(0);
        Value("nv_inference_request_duration_us").ShouldBeGreaterThan(0);
        Value("nv_inference_queue_duration_us").ShouldBeGreaterThanOrEqualTo(0);
        Value("nv_inference_compute_infer_duration_us").ShouldBeGreaterThanOrEqualTo(0);
    }
}
