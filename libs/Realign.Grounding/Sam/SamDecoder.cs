using Realign.Core.Errors;
using Realign.Onnx;

namespace Realign.Grounding.Sam;

/// <summary>The mask decoder in any of its exports.</summary>
internal sealed class SamDecoder : IDisposable
{
    private readonly OnnxModel _model;

    public SamDecoder(string path, OnnxModelOptions options)
    {
        _model = OnnxModel.Open(path, options);
        try
        {
            Kind = Detect();
        }
        catch
        {
            _model.Dispose();
            throw;
        }
    }

    public SamDecoderKind Kind { get; }

    public string? Warning => _model.Warning;

    public string Path => _model.Path;

    public void Dispose() => _model.Dispose();

    /// <summary>Runs prompts of one form (as many points each, all or none with a box) on one image.</summary>
    public IReadOnlyList<SamResult> Run(SamImage image, IReadOnlyList<SamPrompt> prompts, CancellationToken cancellationToken)
    {
        if (Kind == SamDecoderKind.Official)
            return [.. prompts.Select(prompt => RunOfficial(image, prompt, null, cancellationToken))];
        var inputs = new Dictionary<string, OnnxTensor>
        {
            ["image_embeddings"] = image.Embeddings,
            ["image_positional_embeddings"] = image.Positions
                ?? throw new ModelLoadException(Path, "the encoder gives no image_positional_embeddings", "use the encoder this decoder was exported with"),
        };
        if (Kind is SamDecoderKind.Boxes or SamDecoderKind.PointsAndBoxes)
            inputs["input_boxes"] = Singles("input_boxes", prompts.SelectMany(prompt => Corners(image, prompt)).SelectMany(Pair), 1, prompts.Count, 4);
        if (Kind != SamDecoderKind.Boxes)
        {
            var withCorners = Kind == SamDecoderKind.PointsWithCorners && prompts[0].Box is not null;
            var points = prompts[0].Points.Count + (withCorners ? 2 : 0);
            inputs["input_points"] = Singles("input_points", prompts.SelectMany(prompt =>
                prompt.Points.Select(point => image.Scale(point.X, point.Y)).Concat(withCorners ? Corners(image, prompt) : [])).SelectMany(Pair), 1,
                    prompts.Count, points, 2);
            if (_model.HasInput("input_labels"))
            {
                inputs["input_labels"] = OnnxTensor.Create(prompts.SelectMany(prompt =>
                    prompt.Labels.Select(label => (long)label).Concat(withCorners ? [2L, 3L] : [])).ToArray(), 1, prompts.Count, points);
            }
        }

        var outputs = _model.Run(inputs, ["iou_scores", "pred_masks"], cancellationToken);
        var (scores, masks) = (outputs["iou_scores"], outputs["pred_masks"]);
        var (choices, height, width) = ((int)masks.Shape[2], (int)masks.Shape[3], (int)masks.Shape[4]);
        var (allScores, allMasks) = (scores.ToSingles(), masks.ToSingles());
        return [.. Enumerable.Range(0, prompts.Count).Select(index => new SamResult(
            allScores.AsSpan(index * choices, choices).ToArray(), allMasks.AsSpan(index * choices * height * width, choices * height * width).ToArray(),
            width, height, null, 0))];
    }

    /// <summary>One prompt on the official decoder, optionally with the logits of an earlier mask.</summary>
    public SamResult RunOfficial(SamImage image, SamPrompt prompt, float[]? earlierMask, CancellationToken cancellationToken)
    {
        var coordinates = prompt.Points.Select(point => image.Scale(point.X, point.Y)).ToList();
        var labels = prompt.Labels.Select(label => (float)label).ToList();
        if (prompt.Box is not null)
        {
            coordinates.AddRange(Corners(image, prompt));
            labels.AddRange([2, 3]);
        }
        else if (!labels.Contains(-1))
        {
            // the graph was traced with a padding point wherever there is no box
            coordinates.Add((0, 0));
            labels.Add(-1);
        }

        var mask = _model.Input("mask_input");
        long[] maskShape = [.. mask.Dimensions.Select(size => size ?? throw new ModelLoadException(Path, $"'mask_input' is {mask}: a fixed shape is needed",
            "use the export script of the segment-anything repository"))];
        var outputs = _model.Run(new Dictionary<string, OnnxTensor>
        {
            ["image_embeddings"] = image.Embeddings,
            ["point_coords"] = Singles("point_coords", coordinates.SelectMany(Pair), 1, coordinates.Count, 2),
            ["point_labels"] = Singles("point_labels", labels, 1, labels.Count),
            ["mask_input"] = Singles("mask_input", earlierMask ?? new float[maskShape.Aggregate(1L, (a, b) => a * b)], maskShape),
            ["has_mask_input"] = Singles("has_mask_input", [earlierMask is null ? 0f : 1f], 1),
            ["orig_im_size"] = Singles("orig_im_size", [image.Original.Height, image.Original.Width], 2),
        }, ["masks", "iou_predictions", "low_res_masks"], cancellationToken);
        var scores = outputs["iou_predictions"].ToSingles();
        var low = outputs["low_res_masks"];
        return new SamResult(scores, low.ToSingles(), (int)low.Shape[3], (int)low.Shape[2], outputs["masks"].ToSingles(), scores.Length > 1 ? 1 : 0);
    }

    private static IEnumerable<(float X, float Y)> Corners(SamImage image, SamPrompt prompt)
    {
        var box = prompt.Box ?? throw new InvalidInputException("prompt", "no box", "this decoder takes boxes", "give a box");
        return [image.Scale(box.X0, box.Y0), image.Scale(box.X1, box.Y1)];
    }

    private static float[] Pair((float X, float Y) point) => [point.X, point.Y];

    private OnnxTensor Singles(string input, IEnumerable<float> values, params ReadOnlySpan<long> shape) =>
        OnnxTensor.FromSingles(_model.Input(input).ElementType, [.. values], shape);

    private SamDecoderKind Detect()
    {
        if (_model.HasInput("point_coords"))
            return SamDecoderKind.Official;
        _ = _model.Input("image_embeddings");
        if (_model.HasInput("input_boxes"))
            return _model.HasInput("input_points") ? SamDecoderKind.PointsAndBoxes : SamDecoderKind.Boxes;
        _ = _model.Input("input_points");
        return _model.HasInput("input_labels") && ReadsCorners() ? SamDecoderKind.PointsWithCorners : SamDecoderKind.Points;
    }

    /// <summary>
    /// Exports of the published model give labels 2 and 3 no embedding at all, so swapping them changes nothing; a graph that reads box corners
    /// answers differently. The declaration looks the same, hence this question to the graph itself.
    /// </summary>
    private bool ReadsCorners()
    {
        var embeddings = _model.Input("image_embeddings");
        long[] shape = [1, .. embeddings.Dimensions.Skip(1).Select(size => size ?? 0)];
        if (shape.Contains(0))
            return false;
        var size = shape.Aggregate(1L, (a, b) => a * b);
        // any embedding will do; a wave keeps the answer from being constant
        var plane = new float[size];
        for (var i = 0; i < plane.Length; i++)
            plane[i] = MathF.Sin(i * 0.37f);
        float[] Ask(long first, long second) => _model.Run(new Dictionary<string, OnnxTensor>
        {
            ["image_embeddings"] = Singles("image_embeddings", plane, shape),
            ["image_positional_embeddings"] = Singles("image_positional_embeddings", plane, shape),
            ["input_points"] = Singles("input_points", [8f, 8f, 40f, 40f], 1, 1, 2, 2),
            ["input_labels"] = OnnxTensor.Create(new[] { first, second }, 1, 1, 2),
        }, ["iou_scores"], CancellationToken.None)["iou_scores"].ToSingles();
        return Ask(2, 3).Zip(Ask(3, 2)).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-5f);
    }
}
