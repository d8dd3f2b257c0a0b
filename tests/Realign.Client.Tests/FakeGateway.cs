using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Errors;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;

namespace Realign.Client.Tests;

/// <summary>A Gateway on a loopback port: a little flow, and what the prompt asks for besides.</summary>
internal sealed class FakeGateway : GatewayService.GatewayServiceBase
{
    /// <summary>A flow of this prompt goes on until its caller leaves.</summary>
    public const string Endless = "endless";

    /// <summary>A flow of this prompt is refused.</summary>
    public const string Wrong = "wrong";

    /// <summary>A flow of this prompt has no room, and would have some in three seconds.</summary>
    public const string Full = "full";

    /// <summary>A flow of this prompt ends without a result.</summary>
    public const string Nothing = "nothing";

    public ConcurrentQueue<Metadata> Calls { get; } = new();

    /// <summary>Completes when a caller has left.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<TestService> StartAsync() => TestService.StartAsync(args =>
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton(this);
        var app = builder.BuildService();
        app.MapGrpcService<FakeGateway>();
        return app;
    });

    public override Task<GetMeshStatusResponse> GetMeshStatus(GetMeshStatusRequest request, ServerCallContext context)
    {
        Calls.Enqueue(context.RequestHeaders);
        return Task.FromResult(new GetMeshStatusResponse { Services = { new ServiceStatus { Name = "generator", State = ServiceState.Serving } } });
    }

    public override async Task Realign(RealignRequest request, IServerStreamWriter<RealignResponse> responseStream, ServerCallContext context)
    {
        Calls.Enqueue(context.RequestHeaders);
        var prompt = request.Generate.Prompt;
        if (prompt == Wrong)
            throw new InvalidInputException("generate.prompt", prompt, "is no prompt", "use another one");
        if (prompt == Full)
            throw new ResourceExhaustedException("the queue is full", "try again later", TimeSpan.FromSeconds(3));
        await responseStream.WriteAsync(new RealignResponse { Stage = Stage.Coarse, Started = new StageStarted() }, context.CancellationToken);
        if (prompt == Endless)
        {
            await using (context.CancellationToken.UnsafeRegister(_ => Left.TrySetResult(), null))
                await Left.Task.DefaultTimeout();
        }

        if (prompt == Nothing)
            return;
        var result = new RealignResult { Png = ByteString.CopyFromUtf8($"{prompt} {request.Generate.Seed} {request.Attempts}") };
        await responseStream.WriteAsync(new RealignResponse { Result = result }, context.CancellationToken);
    }
}
