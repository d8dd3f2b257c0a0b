using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Google.Rpc;
using Grpc.Core;
using Inference;
using Realign.Core.Calls;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>What keys may draw, and how much.</summary>
public sealed class KeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("generator-keys").FullName;

    [Fact]
    public async Task MegapixelSteps_AreCounted_AndRefusedWithAQuota()
    {
        // two images of 64x64 in two steps, and half of one
        await using var service = await StartAsync(new JsonObject { ["megapixel_steps"] = 64 * 64 * 2 * 2.5 / 1e6, ["window_seconds"] = 86_400 });
        var request = new GenerateRequest { Prompt = "a car", Width = 64, Height = 64, NumInferenceSteps = 2 };

        var first = await DrawAsync(service, request);
        _ = await DrawAsync(service, request);
        var failure = await TestService.FailsAsync(() => DrawAsync(service, request));

        first[0].Progress.MegapixelSteps.ShouldBe(64 * 64 * 2 / 1e6);
        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        var status = failure.GetRpcStatus()!;
        status.GetDetail<ErrorInfo>()!.Reason.ShouldBe("MEGAPIXEL_STEPS");
        status.GetDetail<QuotaFailure>()!.Violations.Single().QuotaMetric.ShouldBe("megapixel_steps");
        status.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().TotalHours.ShouldBeInRange(1, 24);
        // half of it still fits
        request.NumInferenceSteps = 1;
        _ = await DrawAsync(service, request);
    }

    [Fact]
    public async Task MegapixelSteps_OfTheOpenInferenceProtocol_AreThoseOfTheKeyToo()
    {
        await using var service = await StartAsync(new JsonObject { ["megapixel_steps"] = 64 * 64 * 2 * 1.5 / 1e6, ["window_seconds"] = 86_400 });
        var request = new ModelInferRequest { ModelName = "realigndiff-unet" }.With("prompt", "BYTES", [1], InferMessages.Texts("a car"))
            .With("size", "INT32", [2], InferMessages.Raw(64, 64)).With("steps", "INT32", [1], InferMessages.Raw(2));

        _ = await service.InferAsync(request, new CallOptions(Headers()));
        var failure = await TestService.FailsAsync(() => service.InferAsync(request, new CallOptions(Headers())));

        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason.ShouldBe("MEGAPIXEL_STEPS");
    }

    [Fact]
    public async Task AdaptersAndEmbeddings_AreThoseOfTheKey()
    {
        await using var service = await StartAsync(new JsonObject { ["adapters"] = new JsonArray("styles/*"), ["embeddings"] = new JsonArray("dog") });

        (await RefusedAsync(service, new GenerateRequest { Prompt = "a", Adapters = { new Adapter { Name = "styles/none" } } })).Code
            .ShouldBe(StatusCode.NotFound);
        var adapter = await RefusedAsync(service, new GenerateRequest { Prompt = "a", Adapters = { new Adapter { Name = "secret" } } });
        var embedding = await RefusedAsync(service, new GenerateRequest { Prompt = "a", TextualInversions = { new TextualInversion { Name = "cat" } } });

        (adapter.Code, adapter.Reason).ShouldBe((StatusCode.PermissionDenied, "ADAPTER_NOT_ALLOWED"));
        adapter.Text.ShouldContain("'secret'");
        (embedding.Code, embedding.Reason).ShouldBe((StatusCode.PermissionDenied, "EMBEDDING_NOT_ALLOWED"));
        embedding.Text.ShouldContain("'cat'");
        var listed = await Client(service).ListAdaptersAsync(new ListAdaptersRequest(), Headers()).ResponseAsync.DefaultTimeout();
        listed.Adapters.Select(file => file.Name).ShouldBe(["styles/ink"]);
    }

    [Fact]
    public async Task KeyWithoutAdapters_DrawsWithNone()
    {
        await using var service = await StartAsync([]);

        (await RefusedAsync(service, new GenerateRequest { Prompt = "a", Adapters = { new Adapter { Name = "styles/ink" } } })).Code
            .ShouldBe(StatusCode.PermissionDenied);
        (await Client(service).ListAdaptersAsync(new ListAdaptersRequest(), Headers()).ResponseAsync.DefaultTimeout()).Adapters.ShouldBeEmpty();
    }

    [Fact]
    public async Task KeyThatCallsForOthers_DrawsWithAll()
    {
        await using var service = await StartAsync(new JsonObject { ["delegates"] = true });

        (await Client(service).ListAdaptersAsync(new ListAdaptersRequest(), Headers()).ResponseAsync.DefaultTimeout()).Adapters.Count.ShouldBe(2);
        (await RefusedAsync(service, new GenerateRequest { Prompt = "a", Adapters = { new Adapter { Name = "none" } } })).Code.ShouldBe(StatusCode.NotFound);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static GeneratorService.GeneratorServiceClient Client(TestService service) => new(service.Channel);

    private static Metadata Headers() => new() { { CallMetadata.Authorization, CallMetadata.KeyScheme + "secret" } };

    private static async Task<List<GenerateResponse>> DrawAsync(TestService service, GenerateRequest request)
    {
        using var call = Client(service).Generate(request, Headers());
        var events = new List<GenerateResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
            events.Add(call.ResponseStream.Current);
        return events;
    }

    private static async Task<(StatusCode Code, string Reason, string Text)> RefusedAsync(TestService service, GenerateRequest request)
    {
        var failure = await TestService.FailsAsync(() => DrawAsync(service, request));
        return (failure.StatusCode, failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason, failure.Status.Detail);
    }

    private Task<TestService> StartAsync(JsonObject entry)
    {
        entry["name"] = "alice";
        entry["sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("secret")));
        entry["scopes"] = new JsonArray("generator");
        var keys = Path.Combine(_folder, "keys.json");
        File.WriteAllText(keys, new JsonObject { ["keys"] = new JsonArray(entry) }.ToJsonString());
        var adapters = Directory.CreateDirectory(Path.Combine(_folder, "adapters", "styles")).Parent!.FullName;
        File.WriteAllText(Path.Combine(adapters, "secret.safetensors"), "no tensors");
        File.WriteAllText(Path.Combine(adapters, "styles", "ink.safetensors"), "no tensors");
        return TestService.StartAsync(GeneratorApp.Build, $"--Hosting:KeyFile={keys}", $"--Generator:Adapters={adapters}");
    }
}
