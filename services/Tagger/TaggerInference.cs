using Grpc.Core;
using Realign.Grounding.Tagging;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;

namespace Realign.Tagger;

/// <summary>The Tagger in the Open Inference Protocol. Pictures with fewer tags than others have empty ones of probability 0 at their end.</summary>
internal sealed class TaggerInference(TaggerGrpcService service, ModelHost<ImageTagger> tagger) : IInferenceModel
{
    private const string Image = "image";
    private const string Threshold = "threshold";
    private const string Ungroundable = "include_ungroundable";

    public ModelSignature Signature { get; } = new("ram", "onnxruntime_onnx", "/realign.v1.TaggerService/Tag",
        [
            PictureTensors.Input(Image),
            new TensorSpec(Threshold, TensorType.Float32, 1) { IsOptional = true },
            new TensorSpec(Ungroundable, TensorType.Bool, 1) { IsOptional = true },
        ],
        [new TensorSpec("tags", TensorType.Bytes, -1, -1), new TensorSpec("score", TensorType.Float32, -1, -1)]);

    public IServedModel Served => tagger;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var answers = await PictureTensors.EachAsync(request[Image], (image, _) =>
        {
            var call = new TagRequest { Image = image, IncludeUngroundable = request.Find(Ungroundable)?.Truth() ?? false };
            if (request.Find(Threshold) is { } threshold)
                call.Threshold = threshold.Singles()[0];
            return service.Tag(call, context);
        });

        List<IReadOnlyList<string>> tags = [.. answers.Select(answer => answer.Tags.Select(tag => tag.Name).ToList())];
        // a model that tells no probabilities says so
        List<IReadOnlyList<float>> scores = [.. answers.Select(answer => answer.Tags.Select(tag => tag.HasProbability ? tag.Probability : float.NaN).ToList())];
        long[] shape = [answers.Count, RaggedRows.Width(tags)];
        return new InferenceAnswer(
            OutputTensor.Texts("tags", RaggedRows.Pad(tags, ""), shape), OutputTensor.Singles("score", RaggedRows.Pad(scores, 0), shape));
    }
}
