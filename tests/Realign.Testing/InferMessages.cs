using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Inference;

namespace Realign.Testing;

/// <summary>Requests and answers of the Open Inference Protocol, as a client without any library of it writes and reads them.</summary>
public static class InferMessages
{
    /// <summary>A client of a service.</summary>
    public static GRPCInferenceService.GRPCInferenceServiceClient Client(this TestService service) => new(service.Channel);

    /// <summary>The answer to a request.</summary>
    public static async Task<ModelInferResponse> InferAsync(this TestService service, ModelInferRequest request, CallOptions options = default) =>
        await service.Client().ModelInferAsync(request, options).ResponseAsync.DefaultTimeout();

    /// <summary>All answers to requests of one stream.</summary>
    public static async Task<List<ModelStreamInferResponse>> StreamAsync(this TestService service, Metadata? headers, params ModelInferRequest[] requests)
    {
        using var call = service.Client().ModelStreamInfer(headers);
        foreach (var request in requests)
            await call.RequestStream.WriteAsync(request).DefaultTimeout();
        await call.RequestStream.CompleteAsync().DefaultTimeout();
        var responses = new List<ModelStreamInferResponse>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout())
            responses.Add(call.ResponseStream.Current);
        return responses;
    }

    /// <summary>Adds an input with raw data.</summary>
    public static ModelInferRequest With(this ModelInferRequest request, string name, string datatype, long[] shape, byte[] raw)
    {
        request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = name, Datatype = datatype, Shape = { shape } });
        request.RawInputContents.Add(ByteString.CopyFrom(raw));
        return request;
    }

    /// <summary>Adds an input with data in lists.</summary>
    public static ModelInferRequest With(this ModelInferRequest request, string name, string datatype, long[] shape, InferTensorContents? contents)
    {
        request.Inputs.Add(new ModelInferRequest.Types.InferInputTensor { Name = name, Datatype = datatype, Shape = { shape }, Contents = contents });
        return request;
    }

    /// <summary>Names the outputs that are wanted.</summary>
    public static ModelInferRequest Wanting(this ModelInferRequest request, params IEnumerable<string> names)
    {
        request.Outputs.AddRange(names.Select(name => new ModelInferRequest.Types.InferRequestedOutputTensor { Name = name }));
        return request;
    }

    /// <summary>Raw data of texts.</summary>
    public static byte[] Texts(params IEnumerable<string> texts) => Blobs(texts.Select(Encoding.UTF8.GetBytes));

    /// <summary>Raw data of files.</summary>
    public static byte[] Blobs(params IEnumerable<byte[]> blobs) => [.. blobs.SelectMany(blob => BitConverter.GetBytes(blob.Length).Concat(blob))];

    /// <summary>Raw data of numbers.</summary>
    public static byte[] Raw<T>(params T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes<T>(values).ToArray();

    /// <summary>Shape of an output.</summary>
    public static long[] ShapeOf(this ModelInferResponse response, string name) => [.. response.Outputs.Single(output => output.Name == name).Shape];

    /// <summary>Numbers of an output.</summary>
    public static T[] Read<T>(this ModelInferResponse response, string name)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(Data(response, name)).ToArray();

    /// <summary>Elements of an output of files.</summary>
    public static List<byte[]> ReadBlobs(this ModelInferResponse response, string name)
    {
        var data = Data(response, name);
        var blobs = new List<byte[]>();
        while (data.Length > 0)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(data);
            blobs.Add(data.Slice(4, length).ToArray());
            data = data[(4 + length)..];
        }

        return blobs;
    }

    /// <summary>Elements of an output of texts.</summary>
    public static List<string> ReadTexts(this ModelInferResponse response, string name) => [.. response.ReadBlobs(name).Select(Encoding.UTF8.GetString)];

    private static ReadOnlySpan<byte> Data(ModelInferResponse response, string name)
    {
        var index = response.Outputs.Select(output => output.Name).ToList().IndexOf(name);
        return response.RawOutputContents[index].Span;
    }
}
