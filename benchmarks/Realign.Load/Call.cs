using System.Diagnostics;
using Grpc.Core;
using Realign.Core.Calls;
using Realign.V1;

namespace Realign.LoadBenchmark;

/// <summary>One call and what came of it.</summary>
/// <param name="Code">Its status.</param>
/// <param name="Milliseconds">How long it took.</param>
/// <param name="Models">Which processes drew its images.</param>
/// <param name="Detail">Text of the status.</param>
internal sealed record Call(StatusCode Code, double Milliseconds, IReadOnlyList<string> Models, string Detail)
{
    /// <summary>Steps of an image: 100 ms of simulated time.</summary>
    public const int Steps = 5;

    /// <summary>An image of one replica.</summary>
    public static Task<Call> GenerateAsync(ChildProcess replica, string tenant = "", TimeSpan? deadline = null, int steps = Steps) =>
        MeasureAsync(async models =>
        {
            using var call = new GeneratorService.GeneratorServiceClient(replica.Channel).Generate(
                new GenerateRequest { Prompt = "a car", NumInferenceSteps = steps }, Headers(tenant), Until(deadline));
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
            {
                if (call.ResponseStream.Current.Result is { } result)
                    models.Add(result.Model.Name);
            }
        });

    /// <summary>A flow of two images through the Gateway.</summary>
    public static Task<Call> RealignAsync(ChildProcess gateway, TimeSpan? deadline = null) => MeasureAsync(async models =>
    {
        var request = new RealignRequest { Generate = new GenerateRequest { Prompt = "a red car", NumInferenceSteps = Steps }, Accept = Accept.Always };
        using var call = new GatewayService.GatewayServiceClient(gateway.Channel).Realign(request, Headers(""), Until(deadline));
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            if ((call.ResponseStream.Current.Coarse ?? call.ResponseStream.Current.Refined) is { } drawn)
                models.Add(drawn.Model.Name);
        }
    });

    private static async Task<Call> MeasureAsync(Func<List<string>, Task> call)
    {
        var models = new List<string>();
        var time = Stopwatch.StartNew();
        try
        {
            await call(models);
            return new Call(StatusCode.OK, time.Elapsed.TotalMilliseconds, models, "");
        }
        catch (RpcException failure)
        {
            return new Call(failure.StatusCode, time.Elapsed.TotalMilliseconds, models, failure.Status.Detail);
        }
    }

    private static Metadata Headers(string tenant) => tenant.Length == 0 ? [] : new Metadata { { CallMetadata.Tenant, tenant } };

    private static DateTime? Until(TimeSpan? deadline) => deadline is { } span ? TimeProvider.System.GetUtcNow().UtcDateTime + span : null;
}
