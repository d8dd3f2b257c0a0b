using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Grounding.Segmentation;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;
using Realign.Wire.Masks;

namespace Realign.Segmenter;

/// <summary>
/// The Segmenter in the Open Inference Protocol. Pictures with fewer boxes than others have empty ones of score 0 at their end, of phrase -1.
/// </summary>
internal sealed class SegmenterInference(SegmenterGrpcService service, ModelHost<GroundedSegmenter> segmenter, IOptions<HostingOptions> hosting)
    : IInferenceModel
{
    private const string Image = "image";
    private const string Phrases = "phrases";
    private const string Threshold = "box_threshold";
    private const string Boxes = "boxes";
    private const string Masks = "masks";
    private const string Score = "score";
    private const string Phrase = "phrase";

    public ModelSignature Signature { get; } = new("grounded-sam", "onnxruntime_onnx", "/realign.v1.SegmenterService/Segment",
        [
            PictureTensors.Input(Image),
            new TensorSpec(Phrases, TensorType.Bytes, -1, -1) { Alternative = new TensorSpec(Phrases, TensorType.Bytes, -1) },
            new TensorSpec(Threshold, TensorType.Float32, 1) { IsOptional = true },
        ],
        [
            new TensorSpec(Boxes, TensorType.Float32, -1, -1, 4),
            new TensorSpec(Masks, TensorType.UInt8, -1, -1, -1, -1),
            new TensorSpec(Score, TensorType.Float32, -1, -1),
            new TensorSpec(Phrase, TensorType.Int32, -1, -1),
        ]);

    public IServedModel Served => segmenter;

    public async Task<InferenceAnswer> InferAsync(InferenceRequest request, ServerCallContext context, Func<InferenceAnswer, Task>? progress)
    {
        var phrases = request[Phrases];
        var isShared = phrases.Shape.Count == 1;
        if (!isShared && phrases.Shape[0] != request[Image].Shape[0])
        {
            throw new InvalidInputException(Phrases, $"{phrases.Shape[0]} rows", $"there are {request[Image].Shape[0]} pictures",
                "send a row for each picture, or one list for all");
        }

        var count = (int)phrases.Shape[^1];
        var answers = await PictureTensors.EachAsync(request[Image], (image, index) =>
        {
            var call = new SegmentRequest { Image = image, BoxesOnly = !request.Wants(Masks) };
            call.Phrases.AddRange(Enumerable.Range(isShared ? 0 : index * count, count).Select(phrases.Text));
            if (request.Find(Threshold) is { } threshold)
                call.BoxThreshold = threshold.Singles()[0];
            return service.Segment(call, context);
        });

        return Answer(answers, request.Wants(Masks));
    }

    private InferenceAnswer Answer(IReadOnlyList<SegmentResponse> answers, bool withMasks)
    {
        List<IReadOnlyList<(Detection Found, int Phrase)>> rows = [.. answers.Select(answer => answer.Phrases
            .SelectMany((phrase, index) => phrase.Detections.Select(found => (found, index))).ToList())];
        var width = RaggedRows.Width(rows);
        var padded = RaggedRows.Pad<(Detection Found, int Phrase)>(rows, (new Detection { Box = new Box() }, -1));
        var boxes = padded.SelectMany(entry => new[] { entry.Found.Box.X0, entry.Found.Box.Y0, entry.Found.Box.X1, entry.Found.Box.Y1 }).ToArray();
        List<OutputTensor> outputs =
        [
            OutputTensor.Singles(Boxes, boxes, answers.Count, width, 4),
            OutputTensor.Singles(Score, padded.Select(entry => entry.Found.Score).ToArray(), answers.Count, width),
            OutputTensor.Int32s(Phrase, padded.Select(entry => entry.Phrase).ToArray(), answers.Count, width),
        ];
        if (withMasks)
            outputs.Add(MasksOf(answers, padded.Select(entry => entry.Found).ToList(), width));
        return new InferenceAnswer(outputs);
    }

    private OutputTensor MasksOf(IReadOnlyList<SegmentResponse> answers, List<Detection> found, int perPicture)
    {
        var (height, width) = (answers[0].Height, answers[0].Width);
        if (answers.Any(answer => answer.Height != height || answer.Width != width))
        {
            throw new InvalidInputException(Image, "pictures of several sizes", "their masks are no tensor",
                "send them one at a time, or leave masks out of the outputs");
        }

        var size = height * width;
        var bytes = (long)size * found.Count;
        var limit = (long)hosting.Value.MaxMessageMegabytes << 20;
        if (bytes > limit)
        {
            throw new InvalidInputException("outputs", Masks, string.Create(CultureInfo.InvariantCulture,
                $"{found.Count} masks of {width}x{height} are {bytes >> 20} MiB, an answer holds {limit >> 20}"),
                "send fewer pictures or phrases, leave masks out of the outputs, or call Segment, whose masks are run lengths");
        }

        var cells = new byte[bytes];
        for (var i = 0; i < found.Count; i++)
        {
            if (found[i].Mask is { } mask)
                MaskMessages.Read(Masks, mask).ToMask().Cells.CopyTo(cells, i * (long)size);
        }

        return OutputTensor.Pixels(Masks, cells, answers.Count, perPicture, height, width);
    }
}
