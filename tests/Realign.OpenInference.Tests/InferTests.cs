using System.Diagnostics;
using Google.Rpc;
using Grpc.Core;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>Requests, one at a time: names, parameters, deadlines, failures.</summary>
public sealed class InferTests
{
    private static readonly byte[] One = [1, 0, 0, 0];

    [Fact]
    public async Task Answer_HasTheIdTheVersionAndTheOutputsThatWereAskedForInTheirOrder()
    {
        await using var service = await EchoService.StartAsync();
        var request = EchoService.Request().With("int32", "INT32", [1, 1], One).With("bool", "BOOL", [1, 1], [1]).With("uint8", "UINT8", [1, 1], [7]);
        request.Id = "mine-42";
        request.ModelVersion = "1";
        request.Outputs.Add([new() { Name = "uint8" }, new() { Name = "int32" }]);

        var response = await service.InferAsync(request);

        (response.Id, response.ModelName, response.ModelVersion).ShouldBe(("mine-42", "echo", "1"));
        response.Outputs.Select(output => output.Name).ShouldBe(["uint8", "int32"]);
        response.RawOutputContents.Select(raw => raw.Length).ShouldBe([1, 4]);
        response.Parameters["method"].StringParam.ShouldBe("/test.Echo/Echo");
    }

    [Theory]
    [InlineData("other", "", StatusCode.NotFound)]
    [InlineData("echo", "2", StatusCode.NotFound)]
    [InlineData("echo", "one", StatusCode.InvalidArgument)]
    [InlineData("echo", "0", StatusCode.InvalidArgument)]
    public async Task UnknownModelOrVersion_IsToldSo(string name, string version, StatusCode code)
    {
        await using var service = await EchoService.StartAsync();

        var failure = await TestService.FailsAsync(() => service.InferAsync(new ModelInferRequest { ModelName = name, ModelVersion = version }));

        failure.StatusCode.ShouldBe(code);
    }

    [Fact]
    public async Task FieldOfTheTypedCall_IsNamedAsTheTensor()
    {
        await using var service = await EchoService.StartAsync();

        var failure = await TestService.FailsAsync(() => service.InferAsync(EchoService.Request("refuse")));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("fixed[1]");
    }

    [Fact]
    public async Task ModelThatFails_IsInternal_AndItsWordsStayHere()
    {
        await using var service = await EchoService.StartAsync();
        service.ExpectError("failed unexpectedly");

        var failure = await TestService.FailsAsync(() => service.InferAsync(EchoService.Request("crash")));

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        failure.Status.Detail.ShouldNotContain("secret");
    }

    [Theory]
    [InlineData(200_000, null)]
    [InlineData(200_000, 60.0)]
    [InlineData(60_000_000, 0.2)]
    public async Task Timeout_TheSmallerOneCounts(long microseconds, double? deadlineSeconds)
    {
        await using var service = await EchoService.StartAsync();
        var request = EchoService.Request("hold");
        request.Parameters["timeout"] = new InferParameter { Int64Param = microseconds };
        var options = deadlineSeconds is { } seconds ? new CallOptions(deadline: DateTime.UtcNow.AddSeconds(seconds)) : default;
        var start = Stopwatch.GetTimestamp();

        var failure = await TestService.FailsAsync(() => service.InferAsync(request, options));

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        Stopwatch.GetElapsedTime(start).ShouldBeLessThan(TimeSpan.FromSeconds(5));
        await service.Model().Left.Task.DefaultTimeout();
    }

    [Fact]
    public async Task CallerWhoLeaves_ReachesTheModel()
    {
        await using var service = await EchoService.StartAsync();
        using var leaving = new CancellationTokenSource();

        var call = service.InferAsync(EchoService.Request("hold"), new CallOptions(cancellationToken: leaving.Token));
        await service.Model().Entered.Task.DefaultTimeout();
        await leaving.CancelAsync();

        (await TestService.FailsAsync(() => call)).StatusCode.ShouldBe(StatusCode.Cancelled);
        await service.Model().Left.Task.DefaultTimeout();
    }

    public static TheoryData<InferParameter, string> Priorities => new()
    {
        { new InferParameter { Int64Param = 1 }, "continuing" },
        { new InferParameter { Uint64Param = 1 }, "continuing" },
        { new InferParameter { Uint64Param = 2 }, "normal" },
        { new InferParameter { Uint64Param = 0 }, "none" },
    };

    [Theory]
    [MemberData(nameof(Priorities))]
    public async Task Priority_IsThatOfTheTypedCall(InferParameter parameter, string expected)
    {
        await using var service = await EchoService.StartAsync();
        var request = EchoService.Request();
        request.Parameters["priority"] = parameter;

        (await service.InferAsync(request)).Parameters["priority"].StringParam.ShouldBe(expected);
    }

    [Theory]
    [InlineData("timeout")]
    [InlineData("priority")]
    [InlineData("triton_enable_empty_final_response")]
    public async Task ParameterOfAnotherType_IsInvalidArgument(string name)
    {
        await using var service = await EchoService.StartAsync();
        var request = EchoService.Request();
        request.Parameters[name] = new InferParameter { StringParam = "soon" };

        var failure = await TestService.FailsAsync(() => service.InferAsync(request));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith($"parameters.{name}");
    }

    [Fact]
    public async Task ParametersOfOthers_ArePassedOver()
    {
        await using var service = await EchoService.StartAsync();
        var request = EchoService.Request();
        request.Parameters["sequence_id"] = new InferParameter { Uint64Param = 5 };
        request.Parameters["binary_data_output"] = new InferParameter { BoolParam = true };

        (await service.InferAsync(request)).Parameters["has_deadline"].BoolParam.ShouldBeFalse();
    }
}
