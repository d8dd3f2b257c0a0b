using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Boxes;
using Realign.Grounding.Colors;
using Realign.Grounding.GroundingDino;
using Realign.Grounding.Masks;
using Realign.Grounding.Sam;
using Realign.Onnx;

namespace Realign.Grounding.Segmentation;

/// <summary>
/// Grounding DINO, then Segment Anything (Ren et al. 2024, Grounded SAM). One phrase a pass: exports traced with a single phrase are right
/// only then, and the others give the same answer.
/// </summary>
public sealed class GroundedSegmenter : IDisposable
{
    private readonly GroundingDinoModel _detector;
    private readonly SamModel _segmenter;

    private readonly ColorTable? _colors;

    private GroundedSegmenter(GroundingDinoModel detector, SamModel segmenter, ColorTable? colors)
    {
        _detector = detector;
        _segmenter = segmenter;
        _colors = colors;
    }

    /// <summary>What was odd while loading, for the log; null when nothing was.</summary>
    public string? Warning => _detector.Warning ?? _segmenter.Warning;

    /// <summary>Which mask decoder is loaded.</summary>
    public SamDecoderKind DecoderKind => _segmenter.DecoderKind;

    /// <summary>Opens both models and runs each once.</summary>
    /// <param name="detectorFolder">Snapshot of Grounding DINO.</param>
    /// <param name="segmenterFolder">Snapshot of SAM.</param>
    /// <param name="options">Threads and device.</param>
    /// <param name="cancellationToken">Ends the first run.</param>
    /// <exception cref="ModelLoadException">A file is missing or does not fit, the mask decoder cannot take boxes, or the color table is damaged.</exception>
    public static GroundedSegmenter Open(string detectorFolder, string segmenterFolder, OnnxModelOptions options, CancellationToken cancellationToken)
    {
        var colors = ColorTable.Find(segmenterFolder);
        var detector = OpenDetector(detectorFolder, options, cancellationToken);
        try
        {
            return new GroundedSegmenter(detector, OpenMaskModel(segmenterFolder, options, cancellationToken), colors);
        }
        catch
        {
            detector.Dispose();
            throw;
        }
    }

    /// <summary>Opens a detector and runs it once.</summary>
    /// <param name="folder">Snapshot of Grounding DINO.</param>
    /// <param name="options">Threads and device.</param>
    /// <param name="cancellationToken">Ends the first run.</param>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static GroundingDinoModel OpenDetector(string folder, OnnxModelOptions options, CancellationToken cancellationToken)
    {
        var detector = GroundingDinoModel.Open(folder, options);
        try
        {
            var pixels = detector.Preprocess(SmallImage());
            _ = Detect(detector, pixels, [.. detector.Tokenizer.Encode("a.")], cancellationToken);
            return detector;
        }
        catch
        {
            detector.Dispose();
            throw;
        }
    }

    /// <summary>Opens a mask model and runs it once.</summary>
    /// <param name="folder">Snapshot of SAM.</param>
    /// <param name="options">Threads and device.</param>
    /// <param name="cancellationToken">Ends the first run.</param>
    /// <exception cref="ModelLoadException">A file is missing or does not fit, or the mask decoder cannot take boxes.</exception>
    public static SamModel OpenMaskModel(string folder, OnnxModelOptions options, CancellationToken cancellationToken)
    {
        var segmenter = SamModel.Open(folder, options);
        try
        {
            if (!segmenter.TakesBoxes)
            {
                throw new ModelLoadException(folder, "the mask decoder has no box input, and labels 2 and 3 mean nothing to it",
                    "use the 'boxes' or 'points-and-boxes' export of the same model, or the decoder of the segment-anything repository");
            }

            _ = segmenter.Run(SmallImage(), [SamPrompt.FromBox(new BoundingBox(1, 1, 6, 6))], cancellationToken);
            return segmenter;
        }
        catch
        {
            segmenter.Dispose();
            throw;
        }
    }

    private static RgbImage SmallImage() => new(8, 8, new byte[8 * 8 * 3]);

    /// <summary>Looks for phrases.</summary>
    /// <param name="image">Any size.</param>
    /// <param name="phrases">What to look for; equal ones are looked for once.</param>
    /// <param name="options">How boxes are chosen.</param>
    /// <param name="cancellationToken">Ends the run between two operators.</param>
    /// <exception cref="InvalidInputException">A phrase has more tokens than the model takes.</exception>
    public SegmentationResult Segment(RgbImage image, IReadOnlyList<string> phrases, SegmentationOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(phrases);
        ArgumentNullException.ThrowIfNull(options);
        var prompts = phrases.Select((phrase, index) => Tokenize(phrase, $"phrases[{index}]")).ToList();
        var start = TimeProvider.System.GetTimestamp();
        var boxes = new Dictionary<string, IReadOnlyList<(BoundingBox Box, float Score)>>(StringComparer.Ordinal);
        (float[] Pixels, int Width, int Height)? pixels = null;
        foreach (var (phrase, prompt) in phrases.Zip(prompts))
        {
            if (prompt.Note.Length > 0 || boxes.ContainsKey(phrase))
                continue;
            pixels ??= _detector.Preprocess(image);
            boxes[phrase] = Choose(Detect(_detector, pixels.Value, prompt.Ids, cancellationToken), prompt.Ids, image, options);
        }

        var detectTime = TimeProvider.System.GetElapsedTime(start);
        start = TimeProvider.System.GetTimestamp();
        var encoded = options.BoxesOnly || boxes.Values.All(found => found.Count == 0) ? null : _segmenter.Encode(image, cancellationToken);
        IReadOnlyList<ColorShare> Colors(BinaryMask mask) => options.NameColors && _colors is not null ? _colors.Shares(image, mask) : [];
        var answers = boxes.ToDictionary(pair => pair.Key, pair => Cut(encoded, pair.Key, pair.Value, Colors, cancellationToken));
        return new SegmentationResult(
            [.. phrases.Zip(prompts, (phrase, prompt) => answers.TryGetValue(phrase, out var answer) ? answer : new GroundedText(phrase, [], null,
                prompt.Note))],
            detectTime, TimeProvider.System.GetElapsedTime(start), options.NameColors && _colors is not null ? [.. _colors.Names] : []);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _segmenter.Dispose();
        _detector.Dispose();
    }

    private (int[] Ids, string Note) Tokenize(string phrase, string field)
    {
        var ids = _detector.Tokenizer.Encode(PhrasePrompt.FromLabels([PhrasePrompt.AsOneBlock(phrase)]));
        if (ids.Length > _detector.MaxTextLength)
        {
            throw new InvalidInputException(field, $"{ids.Length} tokens", $"the model takes {_detector.MaxTextLength}",
                "shorten the phrase, or look for its parts one by one");
        }

        var spans = PhrasePrompt.Spans(ids, _detector.Delimiters, ids.Length);
        var note = spans.Count == 0 ? "the phrase has nothing to look for"
            : ids[spans[0].Start..spans[0].End].All(id => id == _detector.Tokenizer.UnkId) ? "the model knows no word of the phrase"
            : "";
        return (ids, note);
    }

    private static DinoOutput Detect(GroundingDinoModel detector, (float[] Pixels, int Width, int Height) pixels, int[] ids,
        CancellationToken cancellationToken) =>
        detector.Run(pixels.Pixels, null, pixels.Height, pixels.Width, [ids], [ids.Length], cancellationToken)[0];

    private List<(BoundingBox Box, float Score)> Choose(DinoOutput output, int[] ids, RgbImage image, SegmentationOptions options)
    {
        var scores = DinoPostProcessing.SpanMaximum(output, PhrasePrompt.Spans(ids, _detector.Delimiters, ids.Length));
        var found = Enumerable.Range(0, output.Queries)
            .Where(query => scores[query] > options.BoxThreshold)
            .Select(query => (Box: BoxGeometry.Clip(DinoPostProcessing.Box(output, query, image.Width, image.Height), image.Width, image.Height),
                Score: scores[query]))
            .Where(detection => detection.Box is { Width: > 0, Height: > 0 })
            .ToList();
        var kept = NonMaximumSuppression.Keep([.. found.Select(detection => detection.Box)], [.. found.Select(detection => detection.Score)],
            options.NmsThreshold);
        return [.. kept.Take(options.MaxDetections).Select(index => found[index])];
    }

    private GroundedText Cut(SamImage? image, string phrase, IReadOnlyList<(BoundingBox Box, float Score)> boxes,
        Func<BinaryMask, IReadOnlyList<ColorShare>> colors, CancellationToken cancellationToken)
    {
        if (image is null || boxes.Count == 0)
            return new GroundedText(phrase, [.. boxes.Select(found => new GroundedDetection(found.Box, found.Score, null, 0, []))], null, "");
        var detections = new List<GroundedDetection>(boxes.Count);
        BinaryMask? union = null;
        // few at a time: the official decoder gives planes of the image's size
        foreach (var chunk in boxes.Chunk(_segmenter.DecoderKind == SamDecoderKind.Official ? 1 : 16))
        {
            var results = _segmenter.Decoder.Run(image, [.. chunk.Select(found => SamPrompt.FromBox(found.Box))], cancellationToken);
            foreach (var (found, result) in chunk.Zip(results))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var mask = _segmenter.BestMask(result, image.Original.Width, image.Original.Height);
                detections.Add(new GroundedDetection(found.Box, found.Score, MaskRuns.From(mask), result.IouScores[result.BestIndex],
                    colors(mask)));
                union = union is null ? mask : MaskGeometry.Union([union, mask]);
            }
        }

        return new GroundedText(phrase, detections, MaskRuns.From(union!), "");
    }
}
