using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Tagger.Tests;

/// <summary>What pictures cost a whole Tagger process.</summary>
public sealed class MemoryTests
{
    private const int Side = 4000;
    private const long DecodedBytes = 3L * Side * Side;

    /// <summary>Pictures that exist at a time, by construction of the model's queue.</summary>
    private const int InputSlots = 3;

    private const long Slack = 64L << 20;

    [Fact]
    public async Task BurstOfBombs_HoldsAFewAtATimeAndGivesItsMemoryBack()
    {
        var bomb = Pictures.AsRequest(Pictures.Blank(Side, Side));
        bomb.Encoded.Length.ShouldBeLessThan(100_000);
        await using var service = await ChildService.StartAsync("Realign.Tagger", "--Tagger:Threads=1");
        var client = new TaggerService.TaggerServiceClient(service.Channel);
        _ = await client.TagAsync(new TagRequest { Image = Pictures.AsRequest(Pictures.Ball()) }).ResponseAsync.DefaultTimeout();
        var before = service.Memory;

        var statuses = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => StatusAsync(client, bomb))).DefaultTimeout();

        var (peak, after) = (service.PeakMemory, service.Memory);
        TestContext.Current.SendDiagnosticMessage($"before {before >> 20} MiB, peak {peak >> 20} MiB, after {after >> 20} MiB");
        // calls beyond the queue are refused before anything is decoded
        statuses.ShouldAllBe(status => status == StatusCode.OK || status == StatusCode.ResourceExhausted);
        statuses.Count(status => status == StatusCode.OK).ShouldBeGreaterThanOrEqualTo(16);
        (peak - before).ShouldBeLessThan((InputSlots * DecodedBytes * 5 / 4) + Slack);
        after.ShouldBeLessThan((before * 11 / 10) + (Slack / 8));
    }

    private static async Task<StatusCode> StatusAsync(TaggerService.TaggerServiceClient client, Image image)
    {
        try
        {
            _ = await client.TagAsync(new TagRequest { Image = image });
            return StatusCode.OK;
        }
        catch (RpcException exception)
        {
            return exception.StatusCode;
        }
    }
}
