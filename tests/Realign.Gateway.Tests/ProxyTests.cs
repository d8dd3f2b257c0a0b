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
    /// <summary>What the runtime makes of http_proxy. It is the whole process's, so it only stands before the backends of these tests.</summary>
    private static readonly EnvironmentProxy _environment = new();

    static ProxyTests() => HttpClient.DefaultProxy = _environment;

    [Fact]
    public async Task ProxyInTheEnvironment_IsNotUsedInsideTheMesh()
    {
        await using var proxy = new RawPeer([]);
        await using var mesh = await FakeMesh.StartAsync();
        using var before = _environment.PutBefore(mesh, proxy);

        (await Calls.RealignAsync(mesh, "a car"))[^1].Result.Refined.ShouldBeTrue();

        proxy.Connections.ShouldBe(0);
    }

    [Fact]
    public async Task ProxyInTheEnvironment_IsUsedWhenTheSettingSaysSo()
    {
        await using var proxy = new RawPeer([]);
        await using var mesh = await FakeMesh.StartAsync(null, "--Gateway:UseProxy=true", "--Gateway:Retries=0");
        using var before = _environment.PutBefore(mesh, proxy);

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    private sealed class EnvironmentProxy : IWebProxy
    {
        private readonly ConcurrentDictionary<int, Uri> _proxies = new();

        public ICredentials? Credentials { get; set; }

        /// <summary>Until it is disposed: the ports may be those of another test afterwards.</summary>
        public IDisposable PutBefore(FakeMesh mesh, RawPeer proxy)
        {
            int[] ports = [.. mesh.Addresses.Select(address => new Uri(address).Port)];
            foreach (var port in ports)
                _proxies[port] = new Uri(proxy.Address);
            return new Removal(_proxies, ports);
        }

        public Uri? GetProxy(Uri destination) => _proxies.GetValueOrDefault(destination.Port);

        public bool IsBypassed(Uri host) => !_proxies.ContainsKey(host.Port);
    }

    private sealed class Removal(ConcurrentDictionary<int, Uri> proxies, int[] ports) : IDisposable
    {
        public void Dispose()
        {
            foreach (var port in ports)
                _ = proxies.TryRemove(port, out _);
        }
    }
}
