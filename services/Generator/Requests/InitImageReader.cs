using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Realign.Imaging;
using Realign.V1;
using Realign.Wire.Images;

namespace Realign.Generator.Requests;

/// <summary>Decodes the picture that image to image starts from, once the call has its place in the queue.</summary>
internal static class InitImageReader
{
    private const string Field = "init_image";
    private static readonly VaeImageProcessor Processor = new();

    /// <summary>The request with the picture at the size of the result; the request itself where there is none.</summary>
    /// <exception cref="InvalidInputException">It is no picture, or its size cannot be that of a result.</exception>
    public static GenerationRequest Read(Image? image, GenerationRequest request, CancellationToken cancellation)
    {
        if (image is null)
            return request;
        var picture = RequestImage.Read(Field, image, cancellation);
        var (height, width) = (request.Height ?? OwnSide(picture.Height), request.Width ?? OwnSide(picture.Width));
        var isReady = picture.Height == height && picture.Width == width;
        return request with
        {
            Height = height,
            Width = width,
            InitImage = isReady ? picture : new Picture(Processor.Resize(picture.ToRgb(), height, width)),
        };
    }

    private static int OwnSide(int side) => side is >= GenerationRequestReader.MinSide and < GenerationRequestReader.MaxSide + 8
        ? side / 8 * 8
        : throw new InvalidInputException(Field, $"{side} pixels on one side", $"outside {GenerationRequestReader.MinSide}..{GenerationRequestReader.MaxSide}",
            "name width and height, or send a picture of such a size");
}
