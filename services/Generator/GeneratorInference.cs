using Grpc.Core;
using Realign.Diffusion.Generation;
using Realign.Hosting.Models;
using Realign.OpenInference.Generation;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.V1;

namespace Realign.Generator;

/// <summary>The Generator in the Open Inference Protocol.</summary>
internal sealed class GeneratorInference(GeneratorGrpcService service, ModelHost<ImageGenerator> generator) : IInferenceModel
{
    public ModelSignature Signature { get; } = new("realigndiff-unet", "pytorch_libtorch", "/realign.v1.GeneratorService/Generate",
        GenerationTensors.Inputs, GenerationTensors.Outputs)
    {
        IsDecoupled = true,
        Fields = GenerationTensors.Fields(""),
    };

    public IServedModel Served => generator;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        GenerateResult? result = null;
        await service.Generate(GenerationTensors.Read(request), new EventWriter<GenerateResponse>(async happened =>
        {
            result = happened.Result ?? result;
            if (progress is null || happened.Result is not null)
                return;
            await progress(happened.Preview is { } preview ? GenerationTensors.Of(preview) : GenerationTensors.Of(happened.Progress));
        }), context);

        return GenerationTensors.Of([.. result!.Images.Select(image => image.Png)])
            .With("seed", (long)result.Images[0].Seed)
            .With("steps", result.NumInferenceSteps)
            .With("guidance_scale", result.GuidanceScale)
            .With("effective_prompt", result.EffectivePrompt);
    }
}
