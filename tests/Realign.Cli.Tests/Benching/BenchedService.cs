using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting;
using Realign.Testing;
using Realign.V1;

namespace Realign.Cli.Tests.Benching;

/// <summary>A real service on a loopback port that does with each call what the test says.</summary>
internal static class BenchedService
{
    public static Task<TestService> StartAsync(Func<ServerCallContext, Task> onTag) => StartAsync(onTag, (_, _) => Task.CompletedTask);

    public static Task<TestService> StartAsync(Func<ServerCallContext, Task> onTag, Func<GenerateRequest, ServerCallContext, Task> onGenerate) =>
        TestService.StartAsync(args =>
        {
            var builder = ServiceHost.CreateBuilder(args, 0);
            builder.Services.AddSingleton(onTag);
            builder.Services.AddSingleton(onGenerate);
            var app = builder.BuildService();
            app.MapGrpcService<Tagger>();
            app.MapGrpcService<Generator>();
            return app;
        });

    private sealed class Tagger(Func<ServerCallContext, Task> onTag) : TaggerService.TaggerServiceBase
    {
        public override async Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
        {
            await onTag(context);
            return new TagResponse();
        }
    }

    private sealed class Generator(Func<GenerateRequest, ServerCallContext, Task> onGenerate) : GeneratorService.GeneratorServiceBase
    {
        public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
        {
            await onGenerate(request, context);
            await responseStream.WriteAsync(new GenerateResponse { Result = new GenerateResult() }, context.CancellationToken);
        }
    }
}
