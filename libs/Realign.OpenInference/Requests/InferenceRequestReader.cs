using Google.Protobuf;
using Inference;
using Realign.Core.Errors;
using Realign.OpenInference.Models;
using Realign.OpenInference.Tensors;

namespace Realign.OpenInference.Requests;

/// <summary>Checks the tensors of a request against a model's signature.</summary>
internal static class InferenceRequestReader
{
    private const string SharedMemory = "shared_memory_region";
    private const string Classification = "classification";

    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidInputException">
    /// A tensor is missing, unknown, there twice, of another type or shape, or its data is not what its shape says.
    /// </exception>
    public static InferenceRequest Read(ModelInferRequest request, ModelSignature signature)
    {
        var raw = request.RawInputContents;
        if (raw.Count > request.Inputs.Count)
        {
            throw new InvalidInputException("raw_input_contents", $"{raw.Count} entries", $"there are {request.Inputs.Count} inputs",
                "send one entry for each input, in their order");
        }

        var inputs = new Dictionary<string, InferenceTensor>(StringComparer.Ordinal);
        for (var i = 0; i < request.Inputs.Count; i++)
        {
            var input = request.Inputs[i];
            var type = Check(input, signature);
            if (!inputs.TryAdd(input.Name, Read(input, type, raw.Count > 0, i < raw.Count ? raw[i] : null)))
                throw new InvalidInputException(input.Name, "twice", "an input is sent once", "leave one out");
        }

        if (signature.Inputs.FirstOrDefault(input => !input.IsOptional && !inputs.ContainsKey(input.Name)) is { } missing)
        {
            throw new InvalidInputException(missing.Name, "missing", $"model {signature.Name} needs it", $"send {missing.Name}: {missing}");
        }

        return new InferenceRequest(inputs, Outputs(request, signature));
    }

    private static TensorType Check(ModelInferRequest.Types.InferInputTensor input, ModelSignature signature)
    {
        var expected = signature.Inputs.FirstOrDefault(tensor => tensor.Name == input.Name) ?? throw new InvalidInputException("inputs", input.Name,
            $"unexpected inference input for model {signature.Name}", $"it takes {string.Join(", ", signature.Inputs.Select(tensor => tensor.Name))}");
        if (input.Parameters.ContainsKey(SharedMemory))
            throw new InvalidInputException(input.Name, SharedMemory, "no shared memory is registered here", "send the data in raw_input_contents");
        var type = TensorType.All.FirstOrDefault(type => type.Name == input.Datatype) ?? throw new InvalidInputException(input.Name, input.Datatype,
            "there is no such datatype", $"send {expected}");
        return expected.Takes(type, input.Shape)
            ? type
            : throw new InvalidInputException(input.Name, $"{type} {TensorSpec.Text(input.Shape.Take(8))}", $"model {signature.Name} takes another tensor",
                $"send {expected}");
    }

    private static InferenceTensor Read(ModelInferRequest.Types.InferInputTensor input, TensorType type, bool isRaw, ByteString? data)
    {
        var count = RawTensor.Count(input.Name, input.Shape);
        if (!isRaw)
        {
            return input.Contents is not null || count == 0
                ? ContentsTensor.Read(input.Name, type, input.Shape, input.Contents ?? new InferTensorContents())
                : throw NoData(input.Name);
        }

        if (input.Contents is not null)
        {
            throw new InvalidInputException(input.Name, "contents", "contents field must not be specified when using raw_input_contents",
                "send the data of all inputs in raw_input_contents");
        }

        if (data is null)
            throw NoData(input.Name);
        if (type == TensorType.Bytes)
            return new InferenceTensor(input.Name, type, input.Shape, default, RawTensor.Split(input.Name, count, data.Memory));
        RawTensor.Check(input.Name, type, count, data.Length);
        return new InferenceTensor(input.Name, type, input.Shape, data.Memory, []);
    }

    private static List<string> Outputs(ModelInferRequest request, ModelSignature signature)
    {
        var names = new List<string>();
        foreach (var output in request.Outputs)
        {
            if (signature.Outputs.All(tensor => tensor.Name != output.Name))
            {
                throw new InvalidInputException("outputs", output.Name, $"unexpected inference output for model {signature.Name}",
                    $"it gives {string.Join(", ", signature.Outputs.Select(tensor => tensor.Name))}");
            }

            if (output.Parameters.ContainsKey(SharedMemory))
                throw new InvalidInputException(output.Name, SharedMemory, "no shared memory is registered here", "leave it out: outputs come in the answer");
            if (output.Parameters.ContainsKey(Classification))
                throw new InvalidInputException(output.Name, Classification, "outputs have no classes", "leave it out");
            if (names.Contains(output.Name))
                throw new InvalidInputException(output.Name, "twice", "an output is named once", "leave one out");
            names.Add(output.Name);
        }

        return names;
    }

    private static InvalidInputException NoData(string name) =>
        new(name, "no data", "unable to find data for input tensor", "send it in raw_input_contents or in contents");
}
