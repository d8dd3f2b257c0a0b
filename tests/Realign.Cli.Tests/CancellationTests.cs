using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Ctrl-C while a service works.</summary>
[Collection(Cli.Collection)]
public sealed class CancellationTests
{
    [Fact]
    public async Task CtrlC_EndsWith130_AndTheServiceStopsWorking()
    {
        using var cli = new Cli();
        var scorer = new EndlessScorer();
        await using var service = await TestService.StartAsync(args =>
        {
            var builder = ServiceHost.CreateBuilder(args, 0);
            builder.Services.AddSingleton(scorer);
            var app = builder.BuildService();
            app.MapGrpcService<EndlessScorer>();
            return app;
        });
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var pressed = new CancellationTokenSource();

        var run = RealignCli.RunAsync(["scene", "a red car", "--address", service.Address], output, error, pressed.Token);
        await scorer.Entered.Task.DefaultTimeout();
        await pressed.CancelAsync();

        (await run.DefaultTimeout()).ShouldBe(ExitCodes.Cancelled);
        error.ToString().Trim().ShouldBe("error: cancelled");
        await scorer.Left.Task.DefaultTimeout();
    }

    private sealed class EndlessScorer : SceneScorerService.SceneScorerServiceBase
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override async Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context)
        {
            Entered.SetResult();
            try
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }
            finally
            {
                Left.SetResult();
            }

            return new ScoreSceneResponse();
        }
    }
}
