using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Health.V1;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>Models are loaded and unloaded by calls, by those who may.</summary>
public sealed class RepositoryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-repository").FullName;

    public RepositoryTests()
    {
        _ = Directory.CreateDirectory(Path.Combine(_folder, "root", "inner"));
        File.WriteAllText(Path.Combine(_folder, "root", "inner", "second"), "");
        File.WriteAllText(Path.Combine(_folder, "outside"), "");
    }

    private string[] Allowed => ["--OpenInference:AllowModelControl=true", $"--OpenInference:ModelRoot={Path.Combine(_folder, "root")}"];

    [Fact]
    public async Task Load_AnotherVersionTakesOver()
    {
        await using var service = await EchoService.StartAsync(Allowed);

        await LoadAsync(service, """{"model": "inner/second", "version": "7"}""");

        (await IndexAsync(service)).ShouldBe(("7", "READY", ""));
        (await service.InferAsync(EchoService.Request())).ModelVersion.ShouldBe("7");
        (await service.Client().ModelMetadataAsync(new ModelMetadataRequest { Name = "echo" })).Versions.ShouldBe(["7"]);
        (await service.Client().ModelReadyAsync(new ModelReadyRequest { Name = "echo", Version = "1" })).Ready.ShouldBeFalse();
        await LoadAsync(service, """{"model": "inner/second"}""");
        (await IndexAsync(service)).Version.ShouldBe("8");
        await LoadAsync(service, null);
        (await IndexAsync(service)).Version.ShouldBe("1");
    }

    [Fact]
    public async Task Load_Fails_TheOldOneStaysAndTheFolderStaysHere()
    {
        await using var service = await EchoService.StartAsync(Allowed);

        var failure = await TestService.FailsAsync(() => LoadAsync(service, """{"model": "inner/missing"}"""));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("nothing there");
        failure.Status.Detail.ShouldNotContain(_folder);
        (await IndexAsync(service)).ShouldBe(("1", "READY", ""));
        _ = await service.InferAsync(EchoService.Request());
    }

    [Fact]
    public async Task Unload_IsUnavailableUntilItIsLoadedAgain()
    {
        await using var service = await EchoService.StartAsync(Allowed);

        _ = await service.Client().RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "echo" });

        var (_, state, reason) = await IndexAsync(service);
        state.ShouldBe("UNAVAILABLE");
        reason.ShouldContain("unloaded");
        (await service.Client().RepositoryIndexAsync(new RepositoryIndexRequest { Ready = true })).Models.ShouldBeEmpty();
        (await TestService.FailsAsync(() => service.InferAsync(EchoService.Request()))).StatusCode.ShouldBe(StatusCode.Unavailable);
        (await service.Client().ServerReadyAsync(new ServerReadyRequest())).Ready.ShouldBeFalse();
        (await service.Client().ServerLiveAsync(new ServerLiveRequest())).Live.ShouldBeTrue();
        (await service.HealthAsync("echo")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        await LoadAsync(service, null);
        (await service.HealthAsync("echo")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
        _ = await service.InferAsync(EchoService.Request());
    }

    [Theory]
    [InlineData("""{"model": "../outside"}""", "parameters.config.model")]
    [InlineData("""{"model": "inner/../../outside"}""", "parameters.config.model")]
    [InlineData("""{"model": "/etc/passwd"}""", "parameters.config.model")]
    [InlineData("""{"model": ""}""", "parameters.config.model")]
    [InlineData("""{"model": "."}""", "parameters.config.model")]
    [InlineData("""{"model": "a\u0000b"}""", "parameters.config.model")]
    [InlineData("""{"model": "inner/second", "version": "0"}""", "parameters.config.version")]
    [InlineData("""{"model": "inner/second", "version": "1.5"}""", "parameters.config.version")]
    [InlineData("""{"model": "inner/second", "version": "99999999999999999999"}""", "parameters.config.version")]
    [InlineData("""{"model": 3}""", "parameters.config")]
    [InlineData("""{"modell": "inner/second"}""", "parameters.config")]
    [InlineData("[]", "parameters.config")]
    [InlineData("{", "parameters.config")]
    public async Task Config_ThatCannotBeUsed_IsInvalidArgument(string config, string field)
    {
        await using var service = await EchoService.StartAsync(Allowed);

        var failure = await TestService.FailsAsync(() => LoadAsync(service, config));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(field + " = ");
        (await IndexAsync(service)).Version.ShouldBe("1");
    }

    [Fact]
    public async Task FilesOfTheCaller_AreNotTaken()
    {
        await using var service = await EchoService.StartAsync(Allowed);
        var request = new RepositoryModelLoadRequest { ModelName = "echo" };
        request.Parameters["file:1/model.onnx"] = new ModelRepositoryParameter { BytesParam = Google.Protobuf.ByteString.CopyFromUtf8("x") };

        (await TestService.FailsAsync(async () => await service.Client().RepositoryModelLoadAsync(request))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task NoRoot_OnlyTheSettingsModelIsLoaded()
    {
        await using var service = await EchoService.StartAsync(Allowed[0]);

        (await TestService.FailsAsync(() => LoadAsync(service, """{"model": "inner/second"}"""))).Status.Detail.ShouldContain("OpenInference:ModelRoot");
        await LoadAsync(service, null);
    }

    [Fact]
    public async Task WithoutKeys_NobodyLoadsUnlessASettingAllowsIt()
    {
        await using var service = await EchoService.StartAsync();

        var load = await TestService.FailsAsync(() => LoadAsync(service, null));
        var unload = await TestService.FailsAsync(async () =>
            await service.Client().RepositoryModelUnloadAsync(new RepositoryModelUnloadRequest { ModelName = "echo" }));

        (load.StatusCode, unload.StatusCode).ShouldBe((StatusCode.PermissionDenied, StatusCode.PermissionDenied));
        load.Status.Detail.ShouldContain("OpenInference:AllowModelControl");
        (await IndexAsync(service)).State.ShouldBe("READY");
    }

    [Fact]
    public async Task WithKeys_TheScopeManageLoads_AndInferenceInfers()
    {
        var keys = WriteKeys(("caller", "inference"), ("all", "*"), ("other", "generator"), ("chief", "manage"));
        await using var service = await EchoService.StartAsync($"--Hosting:KeyFile={keys}");

        await LoadAsync(service, null, Key("chief"));
        (await TestService.FailsAsync(() => LoadAsync(service, null, Key("caller")))).StatusCode.ShouldBe(StatusCode.PermissionDenied);
        // all services are not all rights
        (await TestService.FailsAsync(() => LoadAsync(service, null, Key("all")))).StatusCode.ShouldBe(StatusCode.PermissionDenied);
        (await TestService.FailsAsync(() => LoadAsync(service, null))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
        _ = await service.InferAsync(EchoService.Request(), new CallOptions(Key("caller")));
        _ = await service.InferAsync(EchoService.Request(), new CallOptions(Key("all")));
        (await TestService.FailsAsync(() => service.InferAsync(EchoService.Request(), new CallOptions(Key("other"))))).StatusCode
            .ShouldBe(StatusCode.PermissionDenied);
        (await TestService.FailsAsync(() => service.InferAsync(EchoService.Request()))).StatusCode.ShouldBe(StatusCode.Unauthenticated);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static Metadata Key(string name) => new() { { "authorization", $"Bearer secret-{name}" } };

    private static async Task LoadAsync(TestService service, string? config, Metadata? headers = null)
    {
        var request = new RepositoryModelLoadRequest { ModelName = "echo" };
        if (config is not null)
            request.Parameters["config"] = new ModelRepositoryParameter { StringParam = config };
        _ = await service.Client().RepositoryModelLoadAsync(request, headers).ResponseAsync.DefaultTimeout();
    }

    private static async Task<(string Version, string State, string Reason)> IndexAsync(TestService service)
    {
        var index = (await service.Client().RepositoryIndexAsync(new RepositoryIndexRequest())).Models.ShouldHaveSingleItem();
        index.Name.ShouldBe("echo");
        return (index.Version, index.State, index.Reason);
    }

    private string WriteKeys(params (string Name, string Scope)[] keys)
    {
        var path = Path.Combine(_folder, "keys.json");
        File.WriteAllText(path, new JsonObject
        {
            ["keys"] = new JsonArray([.. keys.Select(key => (JsonNode)new JsonObject
            {
                ["name"] = key.Name,
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"secret-{key.Name}"))),
                ["scopes"] = new JsonArray(key.Scope),
            })]),
        }.ToJsonString());
        return path;
    }
}
