using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realign.Core.Calls;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>Services that take calls with a key only.</summary>
public sealed class AccessTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-keys").FullName;
    private readonly ManualTime _time = new();

    private string KeyFile => Path.Combine(_folder, "keys.json");

    [Fact]
    public async Task Keys_OpenWhatTheirScopesName_AndNothingElseIsOpenButHealth()
    {
        WriteKeys(Entry("alice", "secret-a", "scene-scorer"), Entry("bob", "secret-b", "generator"), Entry("root", "secret-r", "*"));
        await using var service = await StartAsync();

        _ = await service.HealthAsync();
        (await ExtractAsync(service, "secret-a")).ShouldBe("alice");
        (await ExtractAsync(service, "secret-r")).ShouldBe("root");
        (await FailureAsync(service, null)).ShouldBe((StatusCode.Unauthenticated, "UNAUTHENTICATED"));
        (await FailureAsync(service, "secret-c")).ShouldBe((StatusCode.Unauthenticated, "UNAUTHENTICATED"));
        (await FailureAsync(service, "secret-b")).ShouldBe((StatusCode.PermissionDenied, "SCOPE_MISSING"));
        var reflection = new Grpc.Reflection.V1Alpha.ServerReflection.ServerReflectionClient(service.Channel).ServerReflectionInfo();
        (await TestService.FailsAsync(() => reflection.ResponseStream.MoveNext(CancellationToken.None))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
    }

    [Fact]
    public async Task Tenant_IsTheKeysOwn_UnlessItMaySpeakForOthers()
    {
        var gateway = Entry("gateway", "secret-g", "*");
        gateway["delegates"] = true;
        WriteKeys(Entry("alice", "secret-a", "*"), gateway);
        await using var service = await StartAsync();

        (await ExtractAsync(service, "secret-a", tenant: "bob")).ShouldBe("alice");
        (await ExtractAsync(service, "secret-g", tenant: "bob")).ShouldBe("bob");
        (await ExtractAsync(service, "secret-g")).ShouldBe("");
    }

    [Fact]
    public async Task CallsAMinute_AreCounted_AndNotForgottenWithTheFile()
    {
        var entry = Entry("alice", "secret-a", "*");
        entry["calls_per_minute"] = 2;
        WriteKeys(entry);
        await using var service = await StartAsync();
        _ = await ExtractAsync(service, "secret-a");
        _ = await ExtractAsync(service, "secret-a");

        WriteKeys(entry, Entry("bob", "secret-b", "*"));
        _time.Advance(TimeSpan.FromSeconds(2));
        var failure = await TestService.FailsAsync(() => ExtractAsync(service, "secret-a"));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBeInRange(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        (await ExtractAsync(service, "secret-b")).ShouldBe("bob");
    }

    [Fact]
    public async Task File_ThatChanges_CountsWithoutARestart_AndABrokenOneDoesNot()
    {
        WriteKeys(Entry("alice", "secret-a", "*"));
        await using var service = await StartAsync();

        WriteKeys(Entry("alice", "secret-new", "*"));
        _time.Advance(TimeSpan.FromSeconds(2));
        (await ExtractAsync(service, "secret-new")).ShouldBe("alice");
        (await FailureAsync(service, "secret-a")).Code.ShouldBe(StatusCode.Unauthenticated);
        await File.WriteAllTextAsync(KeyFile, "{\"keys\": [", TestContext.Current.CancellationToken);
        Touch();
        _time.Advance(TimeSpan.FromSeconds(2));

        (await ExtractAsync(service, "secret-new")).ShouldBe("alice");
        service.Logs.ShouldContain(entry => entry.Text.Contains("the old ones stay"));
        service.Logs.ShouldAllBe(entry => !entry.Text.Contains("secret"));
    }

    [Theory]
    [InlineData("""{"keys": []}""", "1 to 10000")]
    [InlineData("[]", "no object")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "AB", "scopes": ["*"]}]}""", "64 lower-case")]
    [InlineData("""{"keys": [{"name": "a", "scopes": ["everything"]}]}""", "'everything' is not implemented")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "calls_per_minute": 0}]}""", "calls_per_minute")]
    public void File_ThatIsNotUsable_KeepsTheServiceFromStarting(string text, string problem)
    {
        File.WriteAllText(KeyFile, text);

        var failure = Should.Throw<OptionsValidationException>(() => Build(["--urls=http://127.0.0.1:0", $"--Hosting:KeyFile={KeyFile}"]));

        failure.Message.ShouldContain(problem);
        failure.Message.ShouldContain("realign keys new");
    }

    [Fact]
    public void File_ThatIsNotThere_KeepsTheServiceFromStarting() =>
        Should.Throw<OptionsValidationException>(() => Build(["--urls=http://127.0.0.1:0", $"--Hosting:KeyFile={KeyFile}"])).Message.ShouldContain("keys.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonObject Entry(string name, string key, string scope) => new()
    {
        ["name"] = name,
        ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key))),
        ["scopes"] = new JsonArray(scope),
    };

    private static async Task<string> ExtractAsync(TestService service, string? key, string? tenant = null)
    {
        var metadata = new Metadata();
        if (key is not null)
            metadata.Add(CallMetadata.Authorization, CallMetadata.KeyScheme + key);
        if (tenant is not null)
            metadata.Add(CallMetadata.Tenant, tenant);
        var client = new SceneScorerService.SceneScorerServiceClient(service.Channel);
        return (await client.ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = "a" }, metadata).ResponseAsync.DefaultTimeout()).Entities[0].Noun;
    }

    private static async Task<(StatusCode Code, string Reason)> FailureAsync(TestService service, string? key)
    {
        var failure = await TestService.FailsAsync(() => ExtractAsync(service, key));
        return (failure.StatusCode, failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason);
    }

    private void WriteKeys(params JsonNode[] entries)
    {
        File.WriteAllText(KeyFile, new JsonObject { ["keys"] = new JsonArray([.. entries.Select(entry => entry.DeepClone())]) }.ToJsonString());
        Touch();
    }

    // two writes within one tick of the file system's clock would look like one
    private void Touch() => File.SetLastWriteTimeUtc(KeyFile, DateTime.UnixEpoch.AddSeconds(Random.Shared.Next(1, int.MaxValue)));

    private Task<TestService> StartAsync() => TestService.StartAsync(Build, $"--Hosting:KeyFile={KeyFile}");

    private WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton<TimeProvider>(_time);
        var app = builder.BuildService();
        app.MapGrpcService<Tenants>();
        return app;
    }

    /// <summary>Answers with the tenant that a call is counted for.</summary>
    private sealed class Tenants : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) =>
            Task.FromResult(new ExtractEntitiesResponse { Entities = { new Entity { Noun = CallTerms.Of(context).Tenant } } });
    }
}
