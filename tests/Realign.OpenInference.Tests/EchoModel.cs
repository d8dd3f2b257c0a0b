using Grpc.Core;
using Realign.Core.Calls;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Tests;

/// <summary>Gives back what it gets, on a model's thread; <c>do</c> asks for something else.</summary>
internal sealed class EchoModel(ModelHost<EchoModel.Weights> host) : IInferenceModel
{
    public ModelSignature Signature { get; } = new("echo", "test", "/test.Echo/Echo",
        [
            .. TensorType.All.Select(type => new TensorSpec(type.Name.ToLowerInvariant(), type, -1, -1) { IsOptional = true }),
            new TensorSpec("fixed", TensorType.Int32, 2) { IsOptional = true },
            new TensorSpec("do", TensorType.Bytes, 1) { IsOptional = true },
        ],
        [.. TensorType.All.Select(type => new TensorSpec(type.Name.ToLowerInvariant(), type, -1, -1)), new TensorSpec("step", TensorType.Int32, 1)])
    {
        IsDecoupled = true,
        Fields = new Dictionary<string, string> { ["typed_field"] = "fixed" },
    };

    public IServedModel Served => host;

    public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var task = request.Find("do")?.Text(0);
        if (task == "steps" && progress is not null)
        {
            for (var step = 1; step <= 3; step++)
                await progress(new InferenceAnswer(OutputTensor.Int32s("step", [step], 1)));
        }

        await host.RunAsync((_, token) => { Work(task, token); return true; }, CallTerms.Of(context));
        var echoes = request.Inputs.Values.Where(tensor => tensor.Name is not ("do" or "fixed")).Select(tensor => OutputTensor.Of(tensor.Name, tensor));
        return new InferenceAnswer([.. echoes])
            .With("method", context.Method)
            .With("priority", context.RequestHeaders.GetValue(CallMetadata.Priority) ?? "none")
            .With("has_deadline", context.Deadline != DateTime.MaxValue);
    }

    private void Work(string? task, CancellationToken token)
    {
        switch (task)
        {
            case "hold":
                _ = Entered.TrySetResult();
                _ = token.WaitHandle.WaitOne();
                _ = Left.TrySetResult();
                token.ThrowIfCancellationRequested();
                break;
            case "refuse":
                throw new InvalidInputException("typed_field[1]", "9", "outside 0..8", "use 0 to 8");
            case "crash":
                throw new InvalidOperationException("secret detail");
            default:
                break;
        }
    }

    /// <summary>Stands for what a model loads.</summary>
    internal sealed record Weights(string Name);
}
