using Google.Protobuf;
using Realign.Core.Errors;
using Realign.V1;

namespace Realign.OpenInference.Tensors;

/// <summary>Pictures as tensors: pixels, or files.</summary>
public static class PictureTensors
{
    /// <summary>Most pictures of a request.</summary>
    private const int Most = 16;

    /// <summary>The input of a model that looks at pictures: UINT8 [pictures, height, width, 3], RGB, or BYTES with a PNG, JPEG or WebP file each.</summary>
    public static TensorSpec Input(string name) => new(name, TensorType.UInt8, -1, -1, -1, 3) { Alternative = new TensorSpec(name, TensorType.Bytes, -1) };

    /// <summary>Calls a service with each picture of a request, one after another.</summary>
    /// <param name="tensor">As <see cref="Input"/>; the field of the typed call has its name.</param>
    /// <param name="call">The typed call; gets the picture and its position.</param>
    /// <exception cref="InvalidInputException">
    /// There is no picture, there are too many, or they have no pixels; or what the call throws: of several pictures the one at fault is named.
    /// </exception>
    public static async Task<IReadOnlyList<T>> EachAsync<T>(InferenceTensor tensor, Func<Image, int, Task<T>> call)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        ArgumentNullException.ThrowIfNull(call);
        var images = Read(tensor);
        var answers = new List<T>(images.Count);
        for (var i = 0; i < images.Count; i++)
        {
            try
            {
                answers.Add(await call(images[i], i));
            }
            catch (InvalidInputException invalid) when (images.Count > 1 && invalid.Field.StartsWith(tensor.Name, StringComparison.Ordinal))
            {
                throw new InvalidInputException($"{tensor.Name}[{i}]{invalid.Field[tensor.Name.Length..]}", invalid.Value, invalid.Problem, invalid.WayOut);
            }
        }

        return answers;
    }

    private static IReadOnlyList<Image> Read(InferenceTensor tensor)
    {
        var count = tensor.Shape[0];
        if (count < 1 || count > Most)
            throw new InvalidInputException(tensor.Name, $"{count} pictures", $"1 to {Most} are taken in one request", "split the request");
        if (tensor.Type == TensorType.Bytes)
            return [.. Enumerable.Range(0, (int)count).Select(i => new Image { Encoded = tensor.Blob(i) })];
        var (height, width) = ((int)tensor.Shape[1], (int)tensor.Shape[2]);
        if (height == 0 || width == 0)
            throw new InvalidInputException(tensor.Name, TensorSpec.Text(tensor.Shape), "there are no pixels", "send [pictures, height, width, 3]");
        var size = height * width * 3;
        return [.. Enumerable.Range(0, (int)count).Select(i => new Image
        {
            Encoded = UnsafeByteOperations.UnsafeWrap(PlainPng.Write(tensor.Data.Span.Slice(i * size, size), height, width)),
        })];
    }
}
