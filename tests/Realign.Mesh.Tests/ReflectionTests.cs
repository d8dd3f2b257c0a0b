using Grpc.Reflection.V1Alpha;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>What grpcurl sees.</summary>
public sealed class ReflectionTests(RunningMesh mesh)
{
    public static TheoryData<string, string[]> Services { get; } = new()
    {
        { nameof(RunningMesh.Generator), ["realign.v1.GeneratorService"] },
        { nameof(RunningMesh.Captioner), ["realign.v1.CaptionerService"] },
        { nameof(RunningMesh.Tagger), ["realign.v1.TaggerService"] },
        { nameof(RunningMesh.SceneScorer), ["realign.v1.SceneScorerService"] },
        { nameof(RunningMesh.Segmenter), ["realign.v1.SegmenterService"] },
        { nameof(RunningMesh.Gateway), ["realign.v1.GatewayService", "realign.v1.RewardService"] },
    };

    [Theory]
    [MemberData(nameof(Services))]
    public async Task EachService_ListsItselfAndHealth(string service, string[] own)
    {
        var answer = await AskAsync(service, new ServerReflectionRequest { ListServices = "" });

        var names = answer.ListServicesResponse.Service.Select(entry => entry.Name).ToList();
        names.Where(name => name.StartsWith("realign.", StringComparison.Ordinal)).ShouldBe(own, ignoreOrder: true);
        names.ShouldContain("grpc.health.v1.Health");
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task EachService_DescribesItsMethods(string service, string[] own)
    {
        foreach (var name in own)
        {
            var answer = await AskAsync(service, new ServerReflectionRequest { FileContainingSymbol = name });

            answer.ErrorResponse.ShouldBeNull();
            answer.FileDescriptorResponse.FileDescriptorProto.ShouldNotBeEmpty();
        }
    }

    private async Task<ServerReflectionResponse> AskAsync(string service, ServerReflectionRequest request)
    {
        var target = (TestService)typeof(RunningMesh).GetProperty(service)!.GetValue(mesh)!;
        using var call = new ServerReflection.ServerReflectionClient(target.Channel)
            .ServerReflectionInfo(cancellationToken: TestContext.Current.CancellationToken);
        await call.RequestStream.WriteAsync(request, TestContext.Current.CancellationToken).DefaultTimeout();
        (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).DefaultTimeout()).ShouldBeTrue();
        var answer = call.ResponseStream.Current;
        await call.RequestStream.CompleteAsync().DefaultTimeout();
        return answer;
    }
}
