using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Client.Tests;

/// <summary>The client at real services on loopback ports.</summary>
public sealed class RealignClientTests
{
    [Fact]
    public async Task Prompt_GivesTheResult()
    {
        await using var service = await new FakeGateway().StartAsync();
        using var client = RealignClient.Connect(service.Address);

        var result = await client.RealignAsync("a red car", attempts: 4, seed: 7, TestContext.Current.CancellationToken);

        result.Png.ToStringUtf8().ShouldBe("a red car 7 4");
    }

    [Fact]
    public async Task Events_ComeOneByOne()
    {
        await using var service = await new FakeGateway().StartAsync();
        using var client = RealignClient.Connect(service.Address);
        var events = new List<RealignResponse.EventOneofCase>();

        await foreach (var one in client.RealignAsync(Request("a red car"), cancellationToken: TestContext.Current.CancellationToken))
            events.Add(one.EventCase);

        events.ShouldBe([RealignResponse.EventOneofCase.Started, RealignResponse.EventOneofCase.Result]);
    }

    [Fact]
    public async Task Key_AndTenant_AreOnEveryCall()
    {
        var gateway = new FakeGateway();
        await using var service = await gateway.StartAsync();
        using var client = RealignClient.Connect(service.Address, "secret", new RealignClientOptions { Tenant = "lab" });

        _ = await client.StatusAsync(cancellationToken: TestContext.Current.CancellationToken);
        _ = await client.RealignAsync("a red car", cancellationToken: TestContext.Current.CancellationToken);

        gateway.Calls.Count.ShouldBe(2);
        gateway.Calls.ShouldAllBe(call => call.GetValue("authorization") == "Bearer secret" && call.GetValue("x-tenant") == "lab");
    }

    // breaking out of the loop is enough: the mesh stops working
    [Fact]
    public async Task CallerWhoStopsReading_HasLeft()
    {
        var gateway = new FakeGateway();
        await using var service = await gateway.StartAsync();
        using var client = RealignClient.Connect(service.Address);

        await foreach (var _ in client.RealignAsync(Request(FakeGateway.Endless), cancellationToken: TestContext.Current.CancellationToken))
            break;

        await gateway.Left.Task.DefaultTimeout();
    }

    [Fact]
    public async Task Token_EndsTheCallAsDotNetEndsOne()
    {
        var gateway = new FakeGateway();
        await using var service = await gateway.StartAsync();
        using var client = RealignClient.Connect(service.Address);
        using var leave = new CancellationTokenSource();

        async Task ReadAsync()
        {
            await foreach (var _ in client.RealignAsync(Request(FakeGateway.Endless), cancellationToken: leave.Token))
                await leave.CancelAsync();
        }

        await Should.ThrowAsync<OperationCanceledException>(ReadAsync()).DefaultTimeout();
        await gateway.Left.Task.DefaultTimeout();
    }

    [Fact]
    public async Task Deadline_EndsTheCall()
    {
        await using var service = await new FakeGateway().StartAsync();
        using var client = RealignClient.Connect(service.Address, options: new RealignClientOptions { Deadline = TimeSpan.FromMilliseconds(200) });

        var failure = await Should.ThrowAsync<RpcException>(client.RealignAsync(FakeGateway.Endless)).DefaultTimeout();

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task Failure_SaysWhichFieldIsWrong()
    {
        await using var service = await new FakeGateway().StartAsync();
        using var client = RealignClient.Connect(service.Address);

        var failure = CallFailure.Of(await Should.ThrowAsync<RpcException>(client.RealignAsync(FakeGateway.Wrong)).DefaultTimeout());

        (failure.Code, failure.Reason, failure.RetryAfter).ShouldBe((StatusCode.InvalidArgument, "INVALID_ARGUMENT", null));
        failure.Fields.ShouldHaveSingleItem().Field.ShouldBe("generate.prompt");
        failure.Message.ShouldContain("use another one");
    }

    [Fact]
    public async Task Failure_SaysWhenThereIsRoom()
    {
        await using var service = await new FakeGateway().StartAsync();
        // there would be room after the deadline only: nobody waits for it
        using var client = RealignClient.Connect(service.Address, options: new RealignClientOptions { Deadline = TimeSpan.FromSeconds(2) });

        var failure = CallFailure.Of(await Should.ThrowAsync<RpcException>(client.RealignAsync(FakeGateway.Full)).DefaultTimeout());

        failure.Code.ShouldBe(StatusCode.ResourceExhausted);
        failure.RetryAfter.ShouldNotBeNull().ShouldBeInRange(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task ReplicaThatIsAway_IsPassedOver()
    {
        var gateway = new FakeGateway();
        await using var service = await gateway.StartAsync();
        using var client = RealignClient.Connect($"static:///127.0.0.1:1,{new Uri(service.Address).Authority}");

        for (var i = 0; i < 4; i++)
            _ = await client.RealignAsync("a red car", cancellationToken: TestContext.Current.CancellationToken);

        gateway.Calls.Count.ShouldBe(4);
    }

    [Fact]
    public async Task FlowWithoutAResult_IsAFailure()
    {
        await using var service = await new FakeGateway().StartAsync();
        using var client = RealignClient.Connect(service.Address);

        await Should.ThrowAsync<InvalidDataException>(client.RealignAsync(FakeGateway.Nothing)).DefaultTimeout();
    }

    [Theory]
    [InlineData("localhost:5100")]
    [InlineData("dns:///gateway")]
    [InlineData("")]
    public void AddressThatIsNone_IsRefusedWithWhatIsOne(string address) =>
        Should.Throw<ArgumentException>(() => RealignClient.Connect(address)).Message.ShouldContain("dns:///name:5100");

    private static RealignRequest Request(string prompt) => new() { Generate = new GenerateRequest { Prompt = prompt } };
}
