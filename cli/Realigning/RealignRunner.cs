using Realign.Cli.Connections;
using Realign.V1;

namespace Realign.Cli.Realigning;

/// <summary>Sends one Realign call and collects what it streams.</summary>
internal static class RealignRunner
{
    public static async Task<RealignRecord> RunAsync(
        ServiceChannel channel, RealignRequest request, double deadlineSeconds, StageBars bars, CancellationToken cancellationToken)
    {
        var record = new RealignRecord(request.Generate);
        using var call = new GatewayService.GatewayServiceClient(channel.Invoker).Realign(request, ServiceChannel.Options(deadlineSeconds, cancellationToken));
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = call.ResponseStream.Current;
            record.Add(response);
            switch (response.EventCase)
            {
                case RealignResponse.EventOneofCase.Started:
                    bars.Begin(response.Stage);
                    break;
                case RealignResponse.EventOneofCase.Progress:
                    bars.Advance(response.Stage, response.Progress);
                    break;
                case RealignResponse.EventOneofCase.Failed:
                    bars.End(response.Stage, "failed");
                    break;
                case RealignResponse.EventOneofCase.Result:
                case RealignResponse.EventOneofCase.Preview:
                    break;
                default:
                    bars.End(response.Stage);
                    break;
            }
        }

        return record;
    }
}
