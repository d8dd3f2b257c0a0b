using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Realign.Deploy.Tests.Charts;
using Realign.Testing;

namespace Realign.Deploy.Tests.Monitoring;

/// <summary>A real Prometheus that scrapes twice a second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _folder;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, string folder, int port)
    {
        _process = process;
        _folder = folder;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    /// <summary>Folder of the Debian package's programs.</summary>
    public static string Programs { get; } = Path.Combine(Checkout.Root, "artifacts", "tools", "deb", "prometheus", "usr", "bin");

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="targets">Name of a job to the port of its metrics.</param>
    public static async Task<PrometheusServer> StartAsync(IReadOnlyDictionary<string, int> targets)
    {
        Helm.Require(Programs);
        var folder = Directory.CreateTempSubdirectory("realign-prometheus-").FullName;
        var configuration = Path.Combine(folder, "prometheus.yml");
        var jobs = targets.Select(target =>
            $"  - job_name: {target.Key}\n    static_configs: [{{ targets: ['127.0.0.1:{target.Value}'], labels: {{ namespace: serving }} }}]\n");
        await File.WriteAllTextAsync(
            configuration, $"global: {{ scrape_interval: 500ms, scrape_timeout: 500ms }}\nscrape_configs:\n{string.Concat(jobs)}");
        var port = FreePort.Next();
        var process = Process.Start(new ProcessStartInfo(Path.Combine(Programs, "prometheus"),
            [
                $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(folder, "data")}", $"--web.listen-address=127.0.0.1:{port}",
                "--log.level=error",
            ]))!;
        var server = new PrometheusServer(process, folder, port);
        await server.UntilAsync($"count(up == 1) == {targets.Count}");
        return server;
    }

    /// <summary>Series that a query finds now, each with its value; what is wrong with the query is thrown.</summary>
    public async Task<IReadOnlyList<(string Labels, string Value)>> QueryAsync(string query)
    {
        using var response = await _client.GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}").DefaultTimeout();
        var answer = (await response.Content.ReadFromJsonAsync<JsonObject>().DefaultTimeout())!;
        return answer["status"]?.ToString() == "success"
            ? [.. answer["data"]!["result"]!.AsArray().Select(series => (series!["metric"]!.ToJsonString(), series["value"]![1]!.ToString()))]
            : throw new InvalidOperationException($"{query}: {answer["error"]}");
    }

    /// <summary>Waits until a query finds something.</summary>
    public async Task UntilAsync(string query)
    {
        using var turn = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        var start = TimeProvider.System.GetTimestamp();
        while (await turn.WaitForNextTickAsync())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Limit)
                throw new TimeoutException($"nothing for {query} within {Limit.TotalSeconds} s; {string.Join(", ", await QueryAsync("up"))}");
            try
            {
                if ((await QueryAsync(query)).Count > 0)
                    return;
            }
            catch (HttpRequestException)
            {
                // it does not listen yet
            }
            catch (System.Text.Json.JsonException)
            {
                // it listens, and says in plain text that it is not ready
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync().DefaultTimeout();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
