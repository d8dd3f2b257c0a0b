using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realign.Core.Calls;
using Realign.Hosting.Access;
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
        var violation = failure.GetRpcStatus()!.GetDetail<QuotaFailure>()!.Violations.Single();
        (violation.Subject, violation.QuotaMetric, violation.QuotaValue).ShouldBe(("alice", "calls_per_minute", 2));
        failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBeInRange(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        (await ExtractAsync(service, "secret-b")).ShouldBe("bob");
    }

    [Theory]
    [InlineData("/inference.GRPCInferenceService/ModelInfer", "inference", "*")]
    [InlineData("/inference.GRPCInferenceService/ModelStreamInfer", "inference", "*")]
    [InlineData("/inference.GRPCInferenceService/ModelMetadata", "metadata", "*")]
    [InlineData("/inference.GRPCInferenceService/ModelReady", "metadata", "*")]
    [InlineData("/inference.GRPCInferenceService/RepositoryIndex", "metadata", "*")]
    [InlineData("/inference.GRPCInferenceService/RepositoryModelLoad", "manage")]
    [InlineData("/inference.GRPCInferenceService/RepositoryModelUnload", "manage")]
    [InlineData("/realign.v1.SceneScorerService/ExtractEntities", "scene-scorer", "*")]
    [InlineData("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "*")]
    [InlineData("/inference.GRPCInferenceService/CudaSharedMemoryRegister", "*")]
    [InlineData("/realign.v2.SceneScorerService/ExtractEntities", "*")]
    [InlineData("", "*")]
    public void Method_IsOpenedByItsScopes_AndByNoOther(string path, params string[] scopes) =>
        AccessScopes.All.Where(scope => MethodScopes.Opens(new HashSet<string> { scope }, path)).ShouldBe(scopes, ignoreOrder: true);

    [Theory]
    [InlineData("/grpc.health.v1.Health/Check", true)]
    [InlineData("/inference.GRPCInferenceService/ServerLive", true)]
    [InlineData("/inference.GRPCInferenceService/ServerReady", true)]
    [InlineData("/inference.GRPCInferenceService/ServerMetadata", false)]
    [InlineData("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", false)]
    public void Method_OfProbes_NeedsNoKey(string path, bool isOpen) => MethodScopes.IsOpen(path).ShouldBe(isOpen);

    [Fact]
    public void StepBudget_ComesBackEvenly_AndIsOwed()
    {
        var budget = new StepBudget(100, TimeSpan.FromSeconds(50), _time);

        budget.Spend(60, false).ShouldBeNull();
        budget.Spend(60, false)!.Value.TotalSeconds.ShouldBe(10, 1e-6);
        _time.Advance(TimeSpan.FromSeconds(10));
        budget.Spend(60, false).ShouldBeNull();
        // what continues is never refused, and is owed
        budget.Spend(40, true).ShouldBeNull();
        budget.Spend(0, false)!.Value.TotalSeconds.ShouldBe(20, 1e-6);
        // more than all of it waits until nothing is spent, and is owed too
        _time.Advance(TimeSpan.FromSeconds(69));
        budget.Spend(250, false)!.Value.TotalSeconds.ShouldBe(1, 1e-6);
        _time.Advance(TimeSpan.FromSeconds(1000));
        budget.Spend(250, false).ShouldBeNull();
        budget.Spend(1, false)!.Value.TotalSeconds.ShouldBe(75.5, 1e-6);
    }

    [Theory]
    [InlineData("ink", "ink", true)]
    [InlineData("ink", "inks", false)]
    [InlineData("styles/*", "styles/ink", true)]
    [InlineData("styles/*", "style", false)]
    [InlineData("*", "anything", true)]
    [InlineData("caf\u00e9", "cafe\u0301", true)]
    public void NameList_KnowsNamesAndFolders(string entry, string name, bool allows) => new NameList([entry]).Allows(name).ShouldBe(allows);

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
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "megapixel_steps": 0}]}""", "megapixel_steps")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "window_seconds": 5}]}""", "belongs to megapixel_steps")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "adapters": "ink"}]}""", "adapters is no list")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "embeddings": ["*ink"]}]}""", "embeddings is no list")]
    [InlineData("""{"keys": [{"name": "a", "sha256": "", "scopes": ["*"], "adapter": ["ink"]}]}""", "there is no adapter")]
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
