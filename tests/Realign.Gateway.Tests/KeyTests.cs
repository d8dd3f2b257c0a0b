using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Realign.Core.Calls;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>What a caller's key gives it of a flow. Every image of these meshes costs one megapixel-step.</summary>
public sealed class KeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-keys").FullName;

    [Fact]
    public async Task Images_AreCounted_AndWhatIsOwedIsRefusedBeforeAnythingIsDrawn()
    {
        await using var mesh = await StartAsync(new JsonObject { ["megapixel_steps"] = 3, ["window_seconds"] = 86_400 }, NumberedMesh.Right);

        _ = await RealignAsync(mesh, attempts: 1, Accept.Always);
        // one is left: COARSE takes it, and REFINE keeps its place
        _ = await RealignAsync(mesh, attempts: 1, Accept.Always);
        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, attempts: 1, Accept.Always));

        mesh.Behavior.Generated.Count.ShouldBe(4);
        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<QuotaFailure>()!.Violations.Single().QuotaMetric.ShouldBe("megapixel_steps");
        failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().TotalHours.ShouldBeInRange(7, 9);
    }

    [Fact]
    public async Task FirstImage_ThatIsTooMuch_IsNotDrawn_AndTheReasonArrives()
    {
        await using var mesh = await StartAsync(new JsonObject { ["megapixel_steps"] = 2.5, ["window_seconds"] = 86_400 }, NumberedMesh.Right);

        _ = await RealignAsync(mesh, attempts: 1, Accept.Always);
        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, attempts: 1, Accept.Always));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("the key of alice has 2.5 megapixel-steps in 86400 s");
        Calls.Info(failure).Reason.ShouldBe("MEGAPIXEL_STEPS");
    }

    [Fact]
    public async Task FurtherAttempts_AreMadeWhileTheKeyHasSteps()
    {
        await using var mesh = await StartAsync(new JsonObject { ["megapixel_steps"] = 4.5, ["window_seconds"] = 86_400 }, NumberedMesh.Wrong);

        var events = await RealignAsync(mesh, attempts: 4, Accept.Verified);

        events[^1].Result.Attempts.Count.ShouldBe(3);
        events.ShouldContain(message => message.Attempt == 3 && message.Failed != null && message.Failed.Code == (int)StatusCode.ResourceExhausted);
        events[^1].Result.Png.IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public async Task Adapters_AreThoseOfTheKey()
    {
        await using var mesh = await StartAsync(new JsonObject { ["adapters"] = new JsonArray("styles/*") }, NumberedMesh.Right);
        mesh.Behavior.Adapters = () => new ListAdaptersResponse { Adapters = { new AdapterFile { Name = "styles/ink" }, new AdapterFile { Name = "secret" } } };

        var listed = await mesh.Client.ListAdaptersAsync(new GatewayServiceListAdaptersRequest(), Headers()).ResponseAsync.DefaultTimeout();
        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, 1, Accept.Always, new Adapter { Name = "secret" }));
        _ = await RealignAsync(mesh, 1, Accept.Always, new Adapter { Name = "styles/ink" });

        listed.Adapters.Select(file => file.Name).ShouldBe(["styles/ink"]);
        failure.StatusCode.ShouldBe(StatusCode.PermissionDenied);
        failure.Status.Detail.ShouldContain("'secret'");
        mesh.Behavior.Generated.ShouldAllBe(request => request.Adapters.Single().Name == "styles/ink");
    }

    [Fact]
    public async Task Keys_AreInNoLog_WhateverIsLogged()
    {
        await using var mesh = await StartAsync([], NumberedMesh.Right, "--Logging:LogLevel:Default=Trace",
            "--Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics=Trace", "--Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel.Http2=Trace",
            "--Logging:LogLevel:System.Net.Http=Trace", "--Logging:LogLevel:Grpc=Trace");

        _ = await RealignAsync(mesh, attempts: 1, Accept.Always);
        _ = await TestService.FailsAsync(() => mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest(), Headers("wrong-secret")).ResponseAsync);
        _ = await TestService.FailsAsync(() => mesh.Rewards.ScoreAsync(new ScoreRequest(), Headers()).ResponseAsync);

        mesh.Gateway.Logs.Count.ShouldBeGreaterThan(20);
        mesh.Gateway.Logs.ShouldAllBe(entry => !entry.Text.Contains("secret"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Metadata Headers(string key = "a-secret") => new() { { CallMetadata.Authorization, CallMetadata.KeyScheme + key } };

    private static async Task<List<RealignResponse>> RealignAsync(FakeMesh mesh, int attempts, Accept accept, params Adapter[] adapters)
    {
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = "a red car and a bus", Seed = 7, Adapters = { adapters } } };
        (request.Accept, request.Attempts) = (accept, attempts);
        using var call = mesh.Client.Realign(request, Headers());
        var events = new List<RealignResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
            events.Add(call.ResponseStream.Current);
        return events;
    }

    private async Task<FakeMesh> StartAsync(JsonObject entry, Seen seen, params string[] settings)
    {
        entry["name"] = "alice";
        entry["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("a-secret")));
        entry["scopes"] = new JsonArray("gateway");
        var keys = Path.Combine(_folder, "keys.json");
        await File.WriteAllTextAsync(keys, new JsonObject { ["keys"] = new JsonArray(entry) }.ToJsonString());
        var mesh = await NumberedMesh.StartAsync(_ => seen, [$"--Hosting:KeyFile={keys}", .. settings]);
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            var generated = generate(request).ToList();
            generated[0].Progress.MegapixelSteps = 1;
            return generated;
        };
        return mesh;
    }
}
