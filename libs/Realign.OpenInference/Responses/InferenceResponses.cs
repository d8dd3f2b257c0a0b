using Inference;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Responses;

/// <summary>Answers as messages: data always raw, one entry for each output.</summary>
internal static class InferenceResponses
{
    /// <summary>On a stream: whether a request gets no more answers.</summary>
    public const string FinalResponse = "triton_final_response";

    /// <summary>An answer with the outputs that were asked for, in that order.</summary>
    public static ModelInferResponse Of(InferenceAnswer answer, InferenceRequest request, ModelInferRequest message, string version)
    {
        var response = new ModelInferResponse { ModelName = message.ModelName, ModelVersion = version, Id = message.Id };
        response.Parameters.Add(answer.Parameters.ToDictionary());
        var outputs = request.Outputs.Count == 0
            ? answer.Outputs
            : request.Outputs.SelectMany(name => answer.Outputs.Where(output => output.Name == name));
        foreach (var output in outputs)
        {
            var tensor = new ModelInferResponse.Types.InferOutputTensor { Name = output.Name, Datatype = output.Type.Name };
            tensor.Shape.AddRange(output.Shape);
            response.Outputs.Add(tensor);
            response.RawOutputContents.Add(output.Raw);
        }

        return response;
    }

    /// <summary>What a model takes and gives.</summary>
    public static ModelMetadataResponse Metadata(ModelSignature signature, string version)
    {
        var response = new ModelMetadataResponse { Name = signature.Name, Platform = signature.Platform, Versions = { version } };
        response.Inputs.AddRange(signature.Inputs.Select(Metadata));
        response.Outputs.AddRange(signature.Outputs.Select(Metadata));
        foreach (var input in signature.Inputs)
        {
            if (input.IsOptional)
                response.Properties[$"{input.Name}.optional"] = "true";
            if (input.Alternative is { } other)
                response.Properties[$"{input.Name}.alternative"] = other.ToString();
        }

        return response;
    }

    /// <summary>The configuration of a model that its clients read.</summary>
    public static ModelConfig Config(ModelSignature signature)
    {
        var config = new ModelConfig
        {
            Name = signature.Name,
            Platform = signature.Platform,
            Backend = "realign",
            MaxBatchSize = 0,
            InstanceGroup = { new ModelInstanceGroup { Name = $"{signature.Name}_0", Count = 1, Kind = ModelInstanceGroup.Types.Kind.Model } },
            ModelTransactionPolicy = new ModelTransactionPolicy { Decoupled = signature.IsDecoupled },
        };
        config.Input.AddRange(signature.Inputs.Select(tensor => new ModelInput
        {
            Name = tensor.Name,
            DataType = tensor.Type.Config,
            Dims = { tensor.Shape },
            Optional = tensor.IsOptional,
        }));
        config.Output.AddRange(signature.Outputs.Select(tensor => new ModelOutput
        {
            Name = tensor.Name,
            DataType = tensor.Type.Config,
            Dims = { tensor.Shape },
        }));
        return config;
    }

    private static ModelMetadataResponse.Types.TensorMetadata Metadata(TensorSpec tensor) =>
        new() { Name = tensor.Name, Datatype = tensor.Type.Name, Shape = { tensor.Shape } };
}
