using Grpc.Core;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.SceneScorer;

/// <summary>The scene scorer in the Open Inference Protocol.</summary>
internal sealed class SceneScorerInference(SceneScorerGrpcService service, ModelHost<Realign.SceneScoring.SceneScorer> host) : IInferenceModel
{
    private const string Prompt = "prompt";
    private const string Tags = "tags";

    public ModelSignature Signature { get; } = new("vicuna", "llama_cpp", "/realign.v1.SceneScorerService/ScoreScene",
        [new TensorSpec(Prompt, TensorType.Bytes, 1), new TensorSpec(Tags, TensorType.Bytes, -1)],
        [
            new TensorSpec("tag", TensorType.Bytes, -1),
            new TensorSpec("score", TensorType.Float32, -1),
            new TensorSpec("phrase", TensorType.Bytes, -1),
            new TensorSpec("source", TensorType.Bytes, -1),
        ]);

    public IServedModel Served => host;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var call = new ScoreSceneRequest { Prompt = request[Prompt].Text(0), Tags = { request[Tags].Texts() } };

        var answer = await service.ScoreScene(call, context);

        var count = answer.Entries.Count;
        return new InferenceAnswer(
            OutputTensor.Texts("tag", answer.Entries.Select(entry => entry.Tag), count),
            OutputTensor.Singles("score", answer.Entries.Select(entry => entry.Score).ToArray(), count),
            OutputTensor.Texts("phrase", answer.Entries.Select(entry => entry.Phrase), count),
            OutputTensor.Texts("source", answer.Entries.Select(entry => ProtoNames.Short(entry.Source)), count))
            .With("origin", ProtoNames.Short(answer.Origin));
    }
}
