using Grpc.Core;
using Realign.Core.Calls;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>What backends are told of the call that needs them.</summary>
public sealed class CallMetadataTests
{
    [Fact]
    public async Task Realign_TellsTheTenantToAll_AndThatWhatFollowsTheFirstImageContinues()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = "a car" } };
        using var call = mesh.Client.Realign(request, new Metadata { { CallMetadata.Tenant, "blue" }, { CallMetadata.Priority, CallMetadata.Continuing } });

        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
        {
        }

        var calls = mesh.Recorder.Calls.ToList();
        calls.ShouldAllBe(asked => asked.Headers.GetValue(CallMetadata.Tenant) == "blue");
        var generated = calls.Where(asked => asked.Method == "Generate").Select(asked => asked.Headers.GetValue(CallMetadata.Priority));
        // a caller's own word on its priority is not handed on
        generated.ShouldBe([null, CallMetadata.Continuing]);
        calls.Where(asked => asked.Method != "Generate").ShouldAllBe(asked => asked.Headers.GetValue(CallMetadata.Priority) == CallMetadata.Continuing);
    }

    [Fact]
    public async Task BackendsAreShownTheGatewaysKey_AndNotTheCallers()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "secret\n", TestContext.Current.CancellationToken);
        await using var mesh = await FakeMesh.StartAsync(settings: $"--Gateway:BackendKeyFile={file}");
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = "a car" } };
        using var call = mesh.Client.Realign(request, new Metadata { { CallMetadata.Authorization, $"{CallMetadata.KeyScheme}of the caller" } });

        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
        {
        }

        mesh.Recorder.Calls.ShouldNotBeEmpty();
        mesh.Recorder.Calls.ShouldAllBe(asked => asked.Headers.GetValue(CallMetadata.Authorization) == "Bearer secret");
        File.Delete(file);
    }

    [Fact]
    public async Task Score_IsNoContinuation()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var item = new ScoreItem { Image = new Image { Encoded = FakeBehavior.CoarsePng }, Prompt = "a car" };
        var request = new ScoreRequest { Items = { item }, Rewards = { new RewardSpec { Kind = RewardKind.Likelihood } } };

        _ = await mesh.Rewards.ScoreAsync(request).ResponseAsync.DefaultTimeout();

        var (method, headers) = mesh.Recorder.Calls.ShouldHaveSingleItem();
        method.ShouldBe("ScorePrompt");
        headers.ShouldNotContain(entry => entry.Key == CallMetadata.Priority || entry.Key == CallMetadata.Tenant);
    }

    [Fact]
    public async Task TenantThatIsTooLong_IsRefusedByItsName()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = "a car" } };
        using var call = mesh.Client.Realign(request, new Metadata { { CallMetadata.Tenant, new string('a', 129) } });

        var failure = await TestService.FailsAsync(async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
            }
        });

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        Calls.Info(failure).Metadata["field"].ShouldBe(CallMetadata.Tenant);
    }
}
