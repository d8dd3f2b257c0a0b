using Grpc.Core;
using Realign.Evaluation.Arms;
using Realign.V1;

namespace Realign.Evaluation.Drawing;

/// <summary>
/// Draws the pictures of several arms for one prompt and seed, each distinct one once: the first image of a Realign call is the base's, and a call with
/// eight attempts shows what two would have given. What differs in any setting or address is drawn by itself.
/// </summary>
/// <param name="mesh">Connections.</param>
/// <param name="shares">Whether pictures are shared between arms; false = a call for every arm.</param>
internal sealed class PictureSource(MeshClients mesh, bool shares)
{
    /// <summary>Draws.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="arms">The arms whose pictures are wanted.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    /// <exception cref="EvaluationException">A call failed.</exception>
    public async Task<IReadOnlyDictionary<string, DrawnPicture>> DrawAsync(
        string prompt, ulong seed, IReadOnlyList<Arm> arms, CancellationToken cancellationToken)
    {
        var drawn = new Dictionary<string, DrawnPicture>(StringComparer.Ordinal);
        var calls = new List<(string Gateway, GenerateRequest Draw, RealignCallResult Result)>();
        foreach (var group in arms.Where(arm => arm.Kind != ArmKind.Base).GroupBy(arm => (Gateway(arm), arm.Draw, arm.Modulation)))
        {
            var fine = group.Where(arm => arm.Kind == ArmKind.Fine).ToList();
            if (fine.Count > 0)
            {
                var result = await RealignAsync(fine[0], fine[0].Attempts);
                fine.ForEach(arm => drawn[arm.Name] = result.Result);
            }

            RealignCallResult? most = null;
            foreach (var arm in group.Where(arm => arm.Kind == ArmKind.Attempts).OrderByDescending(arm => arm.Attempts))
            {
                if (shares && most?.WithAttempts(arm.Attempts) is { } earlier)
                {
                    drawn[arm.Name] = earlier;
                    continue;
                }

                var result = await RealignAsync(arm, arm.Attempts);
                drawn[arm.Name] = result.Result;
                most ??= result;
            }
        }

        foreach (var arm in arms.Where(arm => arm.Kind == ArmKind.Base))
        {
            var call = shares && arm.Generator is null ? calls.Find(call => call.Gateway == Gateway(arm) && call.Draw.Equals(arm.Draw)).Result : null;
            drawn[arm.Name] = call?.Coarse ?? await GenerateAsync(arm, Request(arm, prompt, seed), cancellationToken);
        }

        return drawn;

        async Task<RealignCallResult> RealignAsync(Arm arm, int attempts)
        {
            var generate = Request(arm, prompt, seed);
            generate.Modulation = arm.Modulation;
            var request = new RealignRequest
            {
                Generate = generate,
                Accept = arm.Kind == ArmKind.Fine ? Accept.Always : Accept.Verified,
                Attempts = attempts,
                OnStageFailure = OnStageFailure.Fail,
            };
            var events = await mesh.RunAsync(Gateway(arm), async (invoker, options) =>
            {
                var received = new List<RealignResponse>();
                using var call = new GatewayService.GatewayServiceClient(invoker).Realign(request, options);
                await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
                    received.Add(response);
                return received;
            }, cancellationToken);
            var result = new RealignCallResult(Gateway(arm), events);
            calls.Add((Gateway(arm), arm.Draw, result));
            return result;
        }
    }

    private string Gateway(Arm arm) => arm.Gateway ?? mesh.Gateway;

    private async Task<DrawnPicture> GenerateAsync(Arm arm, GenerateRequest request, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        var address = arm.Generator ?? await mesh.GeneratorOfAsync(Gateway(arm), cancellationToken);
        var result = await mesh.RunAsync(address, async (invoker, options) =>
        {
            GenerateResult? last = null;
            using var call = new GeneratorService.GeneratorServiceClient(invoker).Generate(request, options);
            await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
                last = response.Result ?? last;
            return last;
        }, cancellationToken);
        var png = result?.Images[0].Png.ToByteArray()
            ?? throw new EvaluationException($"{address} ended a call without a picture: see its log", EvaluationException.Failure);
        return new DrawnPicture(png, Refined: false, 1, 1, TimeProvider.System.GetElapsedTime(start).TotalMilliseconds, null);
    }

    private static GenerateRequest Request(Arm arm, string prompt, ulong seed)
    {
        var request = arm.Draw.Clone();
        (request.Prompt, request.Seed) = (prompt, seed);
        return request;
    }
}
