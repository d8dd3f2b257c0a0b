using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Realign.Imaging;
using Realign.V1;
using Realign.Wire.Images;

namespace Realign.Generator.Requests;

/// <summary>Decodes the picture that image to image starts from and its mask, once the call has its place in the queue.</summary>
internal static class InitImageReader
{
    private const string Field = "init_image";
    private const string MaskField = "mask";
    private static readonly VaeImageProcessor Processor = new();

    /// <summary>The request with picture and mask at the size of the result; the request itself where there is none.</summary>
    /// <exception cref="InvalidInputException">One is no picture, or its size cannot be that of a result.</exception>
    public static GenerationRequest Read(GenerateRequest call, GenerationRequest request, CancellationToken cancellation)
    {
        if (call.InitImage is null)
        {
            return call.Mask is null
                ? request
                : throw new InvalidInputException(MaskField, "a picture", $"there is no {Field} to keep a part of", $"send {Field} too, or leave it out");
        }

        if (call.Mask is not null && RequestImage.Area(Field, call.InitImage) + RequestImage.Area(MaskField, call.Mask) > Limits.ImagePixels)
        {
            throw new InvalidInputException(MaskField, "a picture", $"with {Field} it has more than {Limits.ImagePixels >> 20} megapixels",
                "send both at the size of the result");
        }

        var picture = RequestImage.Read(Field, call.InitImage, cancellation);
        var (height, width) = (request.Height ?? OwnSide(picture.Height), request.Width ?? OwnSide(picture.Width));
        var isReady = picture.Height == height && picture.Width == width;
        return request with
        {
            Height = height,
            Width = width,
            InitImage = isReady ? picture : new Picture(Processor.Resize(picture.ToRgb(), height, width)),
            Mask = call.Mask is null ? null : Processor.PreprocessMask(Mask(call.Mask, picture, cancellation).ToRgb(), height, width),
        };
    }

    private static Picture Mask(Image image, Picture picture, CancellationToken cancellation)
    {
        var mask = RequestImage.Read(MaskField, image, cancellation);
        return mask.Width == picture.Width && mask.Height == picture.Height
            ? mask
            : throw new InvalidInputException(MaskField, $"{mask.Width}x{mask.Height} pixels", $"{Field} has {picture.Width}x{picture.Height}",
                "send a mask of its size");
    }

    private static int OwnSide(int side) => side is >= GenerationRequestReader.MinSide and < GenerationRequestReader.MaxSide + 8
        ? side / 8 * 8
        : throw new InvalidInputException(Field, $"{side} pixels on one side", $"outside {GenerationRequestReader.MinSide}..{GenerationRequestReader.MaxSide}",
            "name width and height, or send a picture of such a size");
}
