using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Addresses at which something else listens, or a service that speaks broken gRPC.</summary>
public sealed class PeerTests
{
    /// <summary>What a socket answers that speaks no HTTP/2 at all.</summary>
    private static readonly Dictionary<string, byte[]> _raw = new()
    {
        ["HTTP/1.1 page"] = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>"),
        ["HTTP/1.1 refusal"] = Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        ["banner"] = Encoding.ASCII.GetBytes("SSH-2.0-OpenSSH_9.6\r\n"),
        ["noise"] = [.. Enumerable.Range(0, 300).Select(index => (byte)((index * 167) + 13))],
        ["TLS alert"] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46],
        ["closed"] = [],
    };

    /// <summary>What an HTTP/2 server answers that is no gRPC answer, or a broken one.</summary>
    private static readonly Dictionary<string, Func<HttpContext, Task>> _http2 = new()
    {
        ["HTML 200"] = context => Html(context, 200),
        ["HTML 404"] = context => Html(context, 404),
        ["HTML 502"] = context => Html(context, 502),
        ["HTML 401"] = context => Html(context, 401),
        ["status 99"] = context => Grpc(context, [], "99"),
        ["status that is no number"] = context => Grpc(context, [], "fine"),
        ["no trailers"] = context => Grpc(context, [0, 0, 0, 0, 0], null),
        ["nothing at all"] = context => Grpc(context, [], null),
        ["OK without a message"] = context => Grpc(context, [], "0"),
        ["message of 2 GB"] = context => Grpc(context, [0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3], "0"),
        ["message of 4 GB"] = context => Grpc(context, [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3], "0"),
        ["message cut short"] = context => Grpc(context, [0, 0, 0, 0, 9, 1, 2, 3], "0"),
        ["message that is noise"] = context => Grpc(context, [0, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], "0"),
        ["unknown compression"] = context => Grpc(context, [1, 0, 0, 0, 1, 0], "0"),
        ["reset"] = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        },
    };

    public static TheoryData<string, string, string> All { get; } = Combinations();

    [Theory]
    [MemberData(nameof(All))]
    public async Task ForeignPeer_IsUnavailableOrInternalAndNamesStageAndAddress(string kind, string service, string stage)
    {
        await using var peer = await StartAsync(kind);
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:{service}={peer.Address}", "--Gateway:Retries=1");

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car", deadline: TimeSpan.FromSeconds(60)));

        var all = $"{failure.StatusCode}: {failure.Status.Detail}";
        new[] { StatusCode.Unavailable, StatusCode.Internal }.ShouldContain(failure.StatusCode, all);
        failure.Status.Detail.ShouldStartWith($"{stage} failed: ", Case.Sensitive, all);
        failure.Status.Detail.ShouldContain(peer.Address, Case.Sensitive, all);
        failure.Status.Detail.ShouldNotContain("Start it", Case.Sensitive, all);
        var info = Calls.Info(failure);
        info.Metadata["stage"].ShouldBe(stage);
        info.Metadata["address"].ShouldBe(peer.Address);
    }

    [Theory]
    [InlineData("HTML 200")]
    [InlineData("HTML 404")]
    [InlineData("no trailers")]
    [InlineData("status 99")]
    [InlineData("message of 4 GB")]
    [InlineData("message cut short")]
    public async Task ForeignPeer_IsSaidToBeSomethingElse(string kind)
    {
        await using var peer = await StartAsync(kind);
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:Tagger={peer.Address}", "--Gateway:Retries=0");

        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a car"));
        failure.Status.Detail.ShouldContain($"what listens at {peer.Address} does not speak gRPC");
        failure.Status.Detail.ShouldContain("Gateway:Tagger");

        var status = await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();
        var tagger = status.Services.Single(entry => entry.Name == "tagger");
        (tagger.State, tagger.Detail).ShouldBe((ServiceState.NotServing, "something else listens at this address"));
    }

    [Theory]
    [InlineData("HTTP/1.1 page")]
    [InlineData("HTTP/1.1 refusal")]
    [InlineData("banner")]
    [InlineData("noise")]
    public async Task MeshStatus_ForeignPeer_IsNeverSaidToBeNothing(string kind)
    {
        await using var peer = await StartAsync(kind);
        await using var mesh = await FakeMesh.StartAsync(null, $"--Gateway:Tagger={peer.Address}");

        var status = await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();

        status.Services.Single(entry => entry.Name == "tagger").Detail.ShouldContain("listens at this address");
        status.Services.ShouldAllBe(entry => entry.Detail != "nothing listens at this address");
    }

    private static TheoryData<string, string, string> Combinations()
    {
        var all = new TheoryData<string, string, string>();
        foreach (var kind in _raw.Keys.Concat(_http2.Keys))
        {
            all.Add(kind, "Tagger", "TAG");
            all.Add(kind, "Generator", "COARSE");
        }

        return all;
    }

    private static async Task<Peer> StartAsync(string kind)
    {
        if (_raw.TryGetValue(kind, out var bytes))
        {
            var raw = new RawPeer(bytes);
            return new Peer(raw.Address, raw);
        }

        var service = await TestService.StartAsync(args =>
        {
            var builder = WebApplication.CreateSlimBuilder(args);
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
            builder.Logging.ClearProviders();
            var app = builder.Build();
            app.Run(new RequestDelegate(_http2[kind]));
            return app;
        });
        return new Peer(service.Address, service);
    }

    private static Task Html(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html";
        return context.Response.WriteAsync("<html><body>Welcome</body></html>");
    }

    private static async Task Grpc(HttpContext context, byte[] body, string? status)
    {
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync(body);
        if (status is not null)
            context.Response.AppendTrailer("grpc-status", status);
    }

    private sealed record Peer(string Address, IAsyncDisposable Inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Inner.DisposeAsync();
    }
}
