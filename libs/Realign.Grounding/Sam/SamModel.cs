using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Images;
using Realign.Imaging;
using Realign.Onnx;

namespace Realign.Grounding.Sam;

/// <summary>Segment Anything as ONNX graphs (Kirillov et al. 2023; transformers SamModel): an image encoder and one of the mask decoders in
/// circulation.</summary>
public sealed class SamModel : IDisposable
{
    // the plain pair comes last: with a published checkpoint it cannot take boxes
    private static readonly string[] DecoderNames =
    [
        "prompt_encoder_mask_decoder_boxes.onnx", "prompt_encoder_mask_decoder_points_and_boxes.onnx", "sam_decoder.onnx",
        "sam_decoder_single_mask.onnx", "prompt_encoder_mask_decoder.onnx",
    ];

    private readonly OnnxModel _encoder;
    private readonly SamDecoder _decoder;
    private readonly ImageNormalization _normalization;

    private SamModel(OnnxModel encoder, SamDecoder decoder, ImageNormalization normalization)
    {
        _encoder = encoder;
        _decoder = decoder;
        _normalization = normalization;
        ImageSize = (int?)encoder.Input("pixel_values").Dimensions[2] ?? normalization.Size.GetValueOrDefault("longest_edge", 1024);
    }

    /// <summary>Edge of the square input.</summary>
    public int ImageSize { get; }

    /// <summary>Which decoder is loaded.</summary>
    public SamDecoderKind DecoderKind => _decoder.Kind;

    /// <summary>Whether boxes can be given.</summary>
    public bool TakesBoxes => DecoderKind != SamDecoderKind.Points;

    /// <summary>What was odd while loading, for the log; null when nothing was.</summary>
    public string? Warning => _encoder.Warning ?? _decoder.Warning;

    /// <summary>Opens a snapshot folder: <c>vision_encoder.onnx</c> and a decoder, preferring those that take boxes, in <c>onnx/</c> or directly
    /// inside.</summary>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static SamModel Open(string folder, OnnxModelOptions options) =>
        Open(folder, OnnxFolder.Find(folder, ["vision_encoder.onnx"]), OnnxFolder.Find(folder, DecoderNames), options);

    /// <summary>Opens two graphs with the processor file of a folder.</summary>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static SamModel Open(string folder, string encoderPath, string decoderPath, OnnxModelOptions options)
    {
        var normalization = ImageNormalization.Load(folder);
        var encoder = OnnxModel.Open(encoderPath, options);
        SamDecoder? decoder = null;
        try
        {
            decoder = new SamDecoder(decoderPath, options);
            return new SamModel(encoder, decoder, normalization);
        }
        catch
        {
            decoder?.Dispose();
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>The encoder's input: longest edge to the square's, bilinear as Pillow, normalized, then padded with 0 at the right and the bottom.</summary>
    /// <returns>3 * ImageSize * ImageSize values, and the size of the image among them.</returns>
    public (float[] Pixels, int Width, int Height) Preprocess(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (width, height) = TargetSize(image.Width, image.Height);
        return (_normalization.Apply(PillowResize.Resize(image, width, height, PillowFilter.Bilinear), ImageSize, ImageSize), width, height);
    }

    /// <summary>Encodes an image and decodes prompts on it.</summary>
    /// <param name="image">Any size.</param>
    /// <param name="prompts">Prompts of one form: as many points each, all or none with a box.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>A result a prompt, in order.</returns>
    public IReadOnlyList<SamResult> Run(RgbImage image, IReadOnlyList<SamPrompt> prompts, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        return prompts.Count == 0 ? [] : _decoder.Run(Encode(image, cancellationToken), prompts, cancellationToken);
    }

    /// <summary>The best mask of a result, at the image's size.</summary>
    /// <param name="result">A result of <see cref="Run"/>.</param>
    /// <param name="width">Width of the image it was found in.</param>
    /// <param name="height">Height of the image it was found in.</param>
    public BinaryMask BestMask(SamResult result, int width, int height) =>
        SamMasks.Binarize(FullLogits(result, result.BestIndex, width, height), width, height);

    /// <summary>Logits of one mask at the image's size.</summary>
    /// <param name="result">A result of <see cref="Run"/>.</param>
    /// <param name="index">Which of its masks.</param>
    /// <param name="width">Width of the image it was found in.</param>
    /// <param name="height">Height of the image it was found in.</param>
    public float[] FullLogits(SamResult result, int index, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.FullLogits is { } full
            ? full.AsSpan(index * width * height, width * height).ToArray()
            : SamMasks.ToOriginalSize(result.Low(index), result.LowWidth, result.LowHeight, ImageSize, TargetSize(width, height), (width, height));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _decoder.Dispose();
        _encoder.Dispose();
    }

    internal SamDecoder Decoder => _decoder;

    internal SamImage Encode(RgbImage image, CancellationToken cancellationToken)
    {
        var (pixels, width, height) = Preprocess(image);
        var outputs = Encode(pixels, cancellationToken);
        return new SamImage(outputs.Embeddings, outputs.Positions, (image.Width, image.Height), (width, height));
    }

    internal (OnnxTensor Embeddings, OnnxTensor? Positions) Encode(float[] pixels, CancellationToken cancellationToken)
    {
        var input = OnnxTensor.FromSingles(_encoder.Input("pixel_values").ElementType, pixels, 1, 3, ImageSize, ImageSize);
        var outputs = _encoder.Run(new Dictionary<string, OnnxTensor> { ["pixel_values"] = input }, null, cancellationToken);
        return outputs.TryGetValue("image_embeddings", out var embeddings)
            ? (embeddings, outputs.GetValueOrDefault("image_positional_embeddings"))
            : throw new ModelLoadException(_encoder.Path, "output 'image_embeddings' is missing", "use an encoder with the published names");
    }

    internal (int Width, int Height) TargetSize(int width, int height)
    {
        var (w, h) = SizeRules.LongestEdge(width, height, ImageSize);
        return (Math.Max(1, w), Math.Max(1, h));
    }
}
