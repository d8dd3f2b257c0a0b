using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core;
using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Grounding.Segmentation;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Masks;
using Realign.Wire.Requests;
using Realign.Wire.Timings;

namespace Realign.Segmenter;

internal sealed class SegmenterGrpcService(ModelHost<GroundedSegmenter> segmenter, IOptions<SegmenterOptions> options) : SegmenterService.SegmenterServiceBase
{
    public override async Task<SegmentResponse> Segment(SegmentRequest request, ServerCallContext context)
    {
        var settings = Settings(request);
        var phrases = Phrases(request);
        using var pictures = new RequestPictures(("image", request.Image));

        var (result, width, height) = await segmenter.RunAsync(token => pictures.Read(token), (model, read, token) => read.Use(all =>
            (model.Segment(all[0].ToRgb(), phrases, settings, token), all[0].Width, all[0].Height)), CallTerms.Of(context, phrases.Count));

        var timings = new CallTimings();
        timings.Add("decode", pictures.ReadTime);
        timings.Add("detect", result.DetectTime);
        timings.Add("segment", result.SegmentTime);
        var response = new SegmentResponse { Width = width, Height = height, Model = new ModelInfo { Family = "grounded-sam", Name = options.Value.Name } };
        response.Phrases.AddRange(result.Phrases.Select(Map));
        response.ColorNames.AddRange(result.ColorNames);
        response.Timings.AddRange(timings.ToMessages());
        return response;
    }

    private SegmentationOptions Settings(SegmentRequest request) => new()
    {
        BoxThreshold = request.HasBoxThreshold ? BoxThreshold(request.BoxThreshold) : (float)options.Value.BoxThreshold,
        NmsThreshold = request.HasNmsThreshold ? Require.Range("nms_threshold", request.NmsThreshold, 0, 1) : (float)options.Value.NmsThreshold,
        MaxDetections = request.HasMaxDetections ? Require.Range("max_detections", request.MaxDetections, 1, 256) : options.Value.MaxDetections,
        BoxesOnly = request.BoxesOnly,
        NameColors = request.NameColors,
    };

    private static float BoxThreshold(float value) => value is > 0 and < 1
        ? value
        : throw new InvalidInputException("box_threshold", value.ToString(CultureInfo.InvariantCulture), "outside 0..1",
            "use a number between 0 and 1, or leave it out for 0.25");

    private static List<string> Phrases(SegmentRequest request)
    {
        Require.Count("phrases", request.Phrases.Count, 1, Limits.Phrases);
        return [.. request.Phrases.Select((phrase, index) => Require.Text($"phrases[{index}]", phrase, Limits.PhraseLength))];
    }

    private static GroundedPhrase Map(GroundedText text)
    {
        var phrase = new GroundedPhrase { Phrase = text.Phrase, Note = text.Note, Mask = text.Mask?.ToMessage() };
        phrase.Detections.AddRange(text.Detections.Select(detection => new Detection
        {
            Box = new Box { X0 = detection.Box.X0, Y0 = detection.Box.Y0, X1 = detection.Box.X1, Y1 = detection.Box.Y1 },
            Score = detection.Score,
            PredictedIou = detection.PredictedIou,
            Mask = detection.Mask?.ToMessage(),
            Colors = { detection.Colors.Select(color => new ColorShare { Name = color.Name, Share = color.Share }) },
        }));
        return phrase;
    }
}
