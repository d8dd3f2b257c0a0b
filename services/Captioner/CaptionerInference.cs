using Grpc.Core;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;
using Realign.VisionLanguage.Captioning;

namespace Realign.Captioner;

/// <summary>The captioner in the Open Inference Protocol.</summary>
internal sealed class CaptionerInference(CaptionerGrpcService service, ModelHost<ImageCaptioner> captioner) : IInferenceModel
{
    private const string Image = "image";
    private const string Prompt = "prompt";
    private const string MaxNewTokens = "max_new_tokens";
    private const string NumBeams = "num_beams";

    public ModelSignature Signature { get; } = new("blip2", "pytorch_libtorch", "/realign.v1.CaptionerService/Caption",
        [
            PictureTensors.Input(Image),
            new TensorSpec(Prompt, TensorType.Bytes, -1) { IsOptional = true },
            new TensorSpec(MaxNewTokens, TensorType.Int32, 1) { IsOptional = true },
            new TensorSpec(NumBeams, TensorType.Int32, 1) { IsOptional = true },
        ],
        [new TensorSpec("caption", TensorType.Bytes, -1), new TensorSpec("logprob", TensorType.Float32, -1)]);

    public IServedModel Served => captioner;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var prompts = request.Find(Prompt);
        if (prompts is not null && prompts.Elements.Count != 1 && prompts.Elements.Count != request[Image].Shape[0])
        {
            throw new InvalidInputException(Prompt, $"{prompts.Elements.Count} texts", $"there are {request[Image].Shape[0]} pictures",
                "send one for all pictures, or one for each");
        }

        var answers = await PictureTensors.EachAsync(request[Image], (image, index) =>
        {
            var call = new CaptionRequest { Image = image };
            if (prompts is not null)
                call.Prompt = prompts.Text(prompts.Elements.Count == 1 ? 0 : index);
            if (request.Find(MaxNewTokens) is { } tokens)
                call.MaxNewTokens = tokens.Int32s()[0];
            if (request.Find(NumBeams) is { } beams)
                call.NumBeams = beams.Int32s()[0];
            return service.Caption(call, context);
        });

        return new InferenceAnswer(
            OutputTensor.Texts("caption", answers.Select(answer => answer.Caption), answers.Count),
            OutputTensor.Singles("logprob", answers.Select(answer => answer.MeanLogProbability).ToArray(), answers.Count));
    }
}
