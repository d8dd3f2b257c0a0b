using Realign.Cli.Connections;
using Realign.Cli.Verifying;
using Realign.V1;
using Spectre.Console;

namespace Realign.Cli.Realigning;

/// <summary>Sends one Realign call, collects what it streams, and shows it as it comes.</summary>
internal static class RealignRunner
{
    /// <param name="channel">The Gateway.</param>
    /// <param name="request">What to realign.</param>
    /// <param name="deadlineSeconds">Time the call may take.</param>
    /// <param name="bars">Shows the stages.</param>
    /// <param name="tables">Where verifications are written; null = nowhere.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public static async Task<RealignRecord> RunAsync(
        ServiceChannel channel, RealignRequest request, double deadlineSeconds, StageBars bars, IAnsiConsole? tables, CancellationToken cancellationToken)
    {
        var record = new RealignRecord(request.Generate);
        using var call = new GatewayService.GatewayServiceClient(channel.Invoker).Realign(request, ServiceChannel.Options(deadlineSeconds, cancellationToken));
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = call.ResponseStream.Current;
            var attempt = Math.Max(1, response.Attempt);
            record.Add(response);
            switch (response.EventCase)
            {
                case RealignResponse.EventOneofCase.AttemptStarted:
                    bars.BeginAttempt(attempt, response.AttemptStarted.Attempts);
                    break;
                case RealignResponse.EventOneofCase.Started:
                    bars.Begin(response.Stage, attempt);
                    break;
                case RealignResponse.EventOneofCase.Progress:
                    bars.Advance(response.Stage, response.Progress, attempt);
                    break;
                case RealignResponse.EventOneofCase.Failed:
                    bars.End(response.Stage, attempt, "failed");
                    break;
                case RealignResponse.EventOneofCase.Verification:
                    bars.End(response.Stage, attempt);
                    bars.Verified(attempt, response.Verification);
                    if (tables is not null)
                        VerificationTable.Write(tables, attempt, record.Demand, response.Verification);
                    break;
                case RealignResponse.EventOneofCase.Result:
                    bars.EndAttempts();
                    break;
                case RealignResponse.EventOneofCase.Preview:
                case RealignResponse.EventOneofCase.Demand:
                case RealignResponse.EventOneofCase.Accepted:
                    break;
                default:
                    bars.End(response.Stage, attempt);
                    break;
            }
        }

        return record;
    }
}
