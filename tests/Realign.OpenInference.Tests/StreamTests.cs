using Grpc.Core;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>Many requests on one stream.</summary>
public sealed class StreamTests
{
    private static readonly Metadata EndsWithFailure = new() { { "triton_grpc_error", "true" } };

    [Fact]
    public async Task Requests_AreAnsweredInTheirOrder_AndAFailureDoesNotEndTheStream()
    {
        await using var service = await EchoService.StartAsync();
        service.ExpectError("failed unexpectedly");

        var responses = await service.StreamAsync(null, Named("a"), Named("b", "refuse"), Named("c", "crash"),
            new ModelInferRequest { ModelName = "other", Id = "d" }, Named("e"));

        responses.Select(response => response.InferResponse.Id).ShouldBe(["a", "b", "c", "d", "e"]);
        responses.Select(response => response.ErrorMessage.Length > 0).ShouldBe([false, true, true, true, false]);
        responses[1].ErrorMessage.ShouldStartWith("fixed[1] = 9");
        responses[2].ErrorMessage.ShouldNotContain("secret");
        responses[3].ErrorMessage.ShouldContain("request for unknown model");
        responses.ShouldAllBe(response => IsFinal(response));
    }

    [Fact]
    public async Task FailureWithTritonGrpcError_EndsTheStreamWithItsStatus()
    {
        await using var service = await EchoService.StartAsync();

        var failure = await TestService.FailsAsync(() => service.StreamAsync(EndsWithFailure, Named("a"), Named("b", "refuse"), Named("c")));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith("fixed[1] = 9");
    }

    [Fact]
    public async Task Progress_ComesBeforeTheAnswer_WhichAloneIsFinal()
    {
        await using var service = await EchoService.StartAsync();

        var responses = await service.StreamAsync(null, Named("a", "steps").With("bool", "BOOL", [1, 1], [1]));

        responses.Select(response => response.InferResponse.Outputs.Single().Name).ShouldBe(["step", "step", "step", "bool"]);
        responses.Take(3).Select(response => BitConverter.ToInt32(response.InferResponse.RawOutputContents[0].Span)).ShouldBe([1, 2, 3]);
        responses.Select(IsFinal).ShouldBe([false, false, false, true]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OnlyProgressWanted_AnEmptyFinalAnswerComesWhereItIsAskedFor(bool asked)
    {
        await using var service = await EchoService.StartAsync();
        var request = Named("a", "steps");
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "step" });
        request.Parameters["triton_enable_empty_final_response"] = new InferParameter { BoolParam = asked };

        var responses = await service.StreamAsync(null, request);

        responses.Count(IsFinal).ShouldBe(asked ? 1 : 0);
        responses.Count.ShouldBe(asked ? 4 : 3);
        responses[^1].InferResponse.Outputs.Count.ShouldBe(asked ? 0 : 1);
    }

    [Fact]
    public async Task OnlyTheAnswerWanted_ProgressIsNotSent()
    {
        await using var service = await EchoService.StartAsync();
        var request = Named("a", "steps").With("bool", "BOOL", [1, 1], [1]);
        request.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "bool" });

        var responses = await service.StreamAsync(null, request);

        IsFinal(responses.ShouldHaveSingleItem()).ShouldBeTrue();
    }

    [Fact]
    public async Task CallerWhoLeaves_ReachesTheModel()
    {
        await using var service = await EchoService.StartAsync();
        using var leaving = new CancellationTokenSource();
        using var call = service.Client().ModelStreamInfer(cancellationToken: leaving.Token);

        await call.RequestStream.WriteAsync(Named("a", "hold"), CancellationToken.None).DefaultTimeout();
        await service.Model().Entered.Task.DefaultTimeout();
        await leaving.CancelAsync();

        await service.Model().Left.Task.DefaultTimeout();
        (await TestService.FailsAsync(() => call.ResponseStream.MoveNext(CancellationToken.None))).StatusCode.ShouldBe(StatusCode.Cancelled);
    }

    [Fact]
    public async Task TimeoutOfOneRequest_LeavesTheOthers()
    {
        await using var service = await EchoService.StartAsync();
        var late = Named("a", "hold");
        late.Parameters["timeout"] = new InferParameter { Int64Param = 100_000 };

        var responses = await service.StreamAsync(null, late, Named("b"));

        responses[0].ErrorMessage.ShouldContain("deadline");
        responses[1].ErrorMessage.ShouldBeEmpty();
    }

    private static ModelInferRequest Named(string id, string? task = null)
    {
        var request = EchoService.Request(task);
        request.Id = id;
        // an answer without outputs would not be sent
        return task is null ? request.With("bool", "BOOL", [1, 1], [1]) : request;
    }

    private static bool IsFinal(ModelStreamInferResponse response) => response.InferResponse.Parameters["triton_final_response"].BoolParam;
}
