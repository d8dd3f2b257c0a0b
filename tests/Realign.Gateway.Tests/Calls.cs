using Google.Rpc;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;

namespace Realign.Gateway.Tests;

/// <summary>Calls as a client makes them.</summary>
internal static class Calls
{
    public static async Task<List<RealignResponse>> RealignAsync(
        FakeMesh mesh, string prompt, Action<RealignRequest>? change = null, TimeSpan? deadline = null, CancellationToken cancellationToken = default)
    {
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = prompt } };
        change?.Invoke(request);
        var until = deadline is { } span ? TimeProvider.System.GetUtcNow().UtcDateTime + span : (DateTime?)null;
        using var call = mesh.Client.Realign(request, deadline: until, cancellationToken: cancellationToken);
        var events = new List<RealignResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
            events.Add(call.ResponseStream.Current);
        return events;
    }

    /// <summary>An image that shows this, whatever SEGMENT finds, and its first verification.</summary>
    public static async Task<(List<RealignResponse> Events, Verification Verification)> VerifyAsync(Seen seen, Entity[] demand)
    {
        await using var mesh = await FakeMesh.StartAsync();
        Seen.Show(mesh, _ => seen, demand);
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { FakeBehavior.Entry("place", "a place") } };
        // the fine stage has something to refine whatever is seen
        mesh.Behavior.Segment = request => new SegmentResponse
        {
            Phrases = { request.Phrases.Select(phrase => FakeBehavior.Grounded(phrase, FakeBehavior.MaskOf(4, 4, 5, 6))) },
        };
        var events = await RealignAsync(mesh, "a prompt");
        return (events, events.First(message => message.Verification is not null).Verification);
    }

    public static ErrorInfo Info(RpcException failure) => failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
}
