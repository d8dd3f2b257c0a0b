using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>A proxy in the environment, as http_proxy without no_proxy puts it there.</summary>
public sealed class ProxyTests
{
    /// <summary>What the runtime makes of http_proxy. It is the whole process's, so it only proxies the peers of these tests.</summary>
    private static readonly Environment _environment = new();

    static ProxyTests() => HttpClient.DefaultProxy = _environment;

    [Fact]
    public async Task ProxyInTheEnvironment_IsNotUsedInsideTheMesh()
    {
        await using var peer = new RawPeer([]);
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:Tagger={peer.Address}", "--Gateway:Retries=0");
        _environment.Proxied[new Uri(peer.Address).Port] = 0;

        _ = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        _environment.Proxied[new Uri(peer.Address).Port].ShouldBe(0);
    }

    [Fact]
    public async Task ProxyInTheEnvironment_IsUsedWhenTheSettingSaysSo()
    {
        await using var peer = new RawPeer([]);
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:Tagger={peer.Address}", "--Gateway:Retries=0", "--Gateway:UseProxy=true");
        _environment.Proxied[new Uri(peer.Address).Port] = 0;

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        _environment.Proxied[new Uri(peer.Address).Port].ShouldBeGreaterThan(0);
    }

    private sealed class Environment : IWebProxy
    {
        /// <summary>Ports that are reached through the proxy, and how often one was.</summary>
        public ConcurrentDictionary<int, int> Proxied { get; } = new();

        public ICredentials? Credentials { get; set; }

        public Uri GetProxy(Uri destination)
        {
            _ = Proxied.AddOrUpdate(destination.Port, 1, (_, count) => count + 1);
            return new Uri("http://127.0.0.1:9");
        }

        public bool IsBypassed(Uri host) => !Proxied.ContainsKey(host.Port);
    }
}
