using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Adapters pass through: the Generator's list, and what a call names.</summary>
public sealed class AdapterTests
{
    [Fact]
    public async Task ListAdapters_IsTheGeneratorsAnswer()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var file = new AdapterFile { Name = "styles/ink", SizeBytes = 7, Kinds = { AdapterKind.Loha }, Problem = "the model has no such layer" };
        mesh.Behavior.Adapters = () => new ListAdaptersResponse { Adapters = { file } };

        var answer = await mesh.Client.ListAdaptersAsync(new ListAdaptersRequest()).ResponseAsync.DefaultTimeout();

        answer.Adapters.ShouldBe([file]);
    }

    [Fact]
    public async Task ListAdapters_GeneratorIsAway_IsUnavailable_AndNamesIt()
    {
        await using var mesh = await FakeMesh.StartAsync();
        await mesh.StopAllBackendsAsync();

        var failure = await TestService.FailsAsync(() => mesh.Client.ListAdaptersAsync(new ListAdaptersRequest()).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        failure.Status.Detail.ShouldStartWith("ADAPTERS failed: generator");
    }

    [Fact]
    public async Task Realign_StrengthsOfPartsAndBlocks_ReachBothImages()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var block = new BlockStrength { Block = "MID", Strength = 2 };
        var adapter = new Adapter { Name = "styles/ink", UnetStrength = 0.5f, ClipStrength = 0, Blocks = { block } };
        using var call = mesh.Client.Realign(new RealignRequest { Generate = new GenerateRequest { Prompt = "a car", Adapters = { adapter } } });

        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
        {
        }

        mesh.Behavior.Generated.Count.ShouldBe(2);
        mesh.Behavior.Generated.ShouldAllBe(request => request.Adapters.Single().Equals(adapter));
    }
}
