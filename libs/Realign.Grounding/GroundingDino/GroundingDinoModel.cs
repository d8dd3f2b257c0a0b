using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Images;
using Realign.Imaging;
using Realign.Onnx;
using Realign.Tokenizers;

namespace Realign.Grounding.GroundingDino;

/// <summary>
/// Grounding DINO as an ONNX graph (Liu et al. 2023; transformers GroundingDinoForObjectDetection). Takes the exports with the names of
/// transformers (pixel_values ...), with free or fixed sizes, and those of the original repository (img, text_token_mask ...), where the
/// caller builds the phrase mask.
/// </summary>
public sealed class GroundingDinoModel : IDisposable
{
    private readonly OnnxModel _model;
    private readonly ImageNormalization _normalization;
    private readonly bool _isOriginalStyle;
    private readonly string _pixelName;
    private readonly string _boxName;

    private GroundingDinoModel(OnnxModel model, BertTokenizer tokenizer, ImageNormalization normalization)
    {
        _model = model;
        Tokenizer = tokenizer;
        _normalization = normalization;
        _isOriginalStyle = model.HasInput("img");
        _pixelName = _isOriginalStyle ? "img" : "pixel_values";
        _boxName = _isOriginalStyle ? "boxes" : "pred_boxes";
        var pixels = model.Input(_pixelName);
        var logits = model.Output("logits");
        _ = model.Output(_boxName);
        if (pixels.Rank != 4 || logits.Rank != 3)
            throw new ModelLoadException(model.Path, $"'{_pixelName}' is {pixels}, 'logits' is {logits}: ranks 4 and 3 are needed",
                "use an export of Grounding DINO");
        FixedHeight = (int?)pixels.Dimensions[2];
        FixedWidth = (int?)pixels.Dimensions[3];
        FixedTextLength = (int?)model.Input("input_ids").Dimensions[1];
        MaxTextLength = FixedTextLength ?? (int?)logits.Dimensions[2] ?? 256;
        // the four characters that delimit phrases are wired into the model; their ids follow from the vocabulary
        Delimiters = new HashSet<int> { tokenizer.ClsId, tokenizer.SepId, Delimiter("."), Delimiter("?") };
    }

    /// <summary>The text side.</summary>
    public BertTokenizer Tokenizer { get; }

    /// <summary>Ids of [CLS], [SEP], "." and "?".</summary>
    public IReadOnlySet<int> Delimiters { get; }

    /// <summary>Height the export was made for; null = any.</summary>
    public int? FixedHeight { get; }

    /// <summary>Width the export was made for; null = any.</summary>
    public int? FixedWidth { get; }

    /// <summary>Number of ids the export was made for; null = any.</summary>
    public int? FixedTextLength { get; }

    /// <summary>Most ids of a prompt.</summary>
    public int MaxTextLength { get; }

    /// <summary>What was odd while loading, for the log; null when nothing was.</summary>
    public string? Warning => _model.Warning;

    /// <summary>Opens a snapshot folder: <c>onnx/model.onnx</c> or one graph beside the tokenizer and processor files.</summary>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static GroundingDinoModel Open(string folder, OnnxModelOptions options) =>
        Open(folder, OnnxFolder.Find(folder, ["model.onnx"]), options);

    /// <summary>Opens a graph with the tokenizer and processor files of a folder.</summary>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static GroundingDinoModel Open(string folder, string graph, OnnxModelOptions options)
    {
        var tokenizer = BertTokenizer.Load(folder);
        var normalization = ImageNormalization.Load(folder);
        var model = OnnxModel.Open(graph, options);
        try
        {
            return new GroundingDinoModel(model, tokenizer, normalization);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Size an image is resized to.</summary>
    public (int Width, int Height) TargetSize(int width, int height)
    {
        if (FixedWidth is { } fixedWidth && FixedHeight is { } fixedHeight)
            return (fixedWidth, fixedHeight);
        if (_normalization.Size.TryGetValue("height", out var configuredHeight) && _normalization.Size.TryGetValue("width", out var configuredWidth))
            return (configuredWidth, configuredHeight);
        var (w, h) = SizeRules.ShortestEdge(width, height,
            _normalization.Size.GetValueOrDefault("shortest_edge", 800), _normalization.Size.GetValueOrDefault("longest_edge", 1333));
        return (Math.Max(1, w), Math.Max(1, h));
    }

    /// <summary>The network's input of one image: resized (bilinear, antialiased as Pillow), normalized, not padded.</summary>
    public (float[] Pixels, int Width, int Height) Preprocess(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var (width, height) = TargetSize(image.Width, image.Height);
        return (_normalization.Apply(PillowResize.Resize(image, width, height, PillowFilter.Bilinear), width, height), width, height);
    }

    /// <summary>Runs the graph on a batch.</summary>
    /// <param name="pixels">Batch * 3 * height * width values.</param>
    /// <param name="pixelMask">Batch * height * width: 1 = image, 0 = padding; null = all image.</param>
    /// <param name="height">Height of the batch.</param>
    /// <param name="width">Width of the batch.</param>
    /// <param name="ids">A row a prompt, all of one length, padded with the padding id.</param>
    /// <param name="lengths">Ids of each row that are not padding.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="InvalidInputException">A prompt is longer than the model takes, or the size does not fit the export.</exception>
    public IReadOnlyList<DinoOutput> Run(
        float[] pixels, long[]? pixelMask, int height, int width, int[][] ids, int[] lengths, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(lengths);
        var batch = ids.Length;
        var count = FixedTextLength ?? ids.Max(row => row.Length);
        var longest = ids.Max(row => row.Length);
        if (longest > count || longest > MaxTextLength)
        {
            throw new InvalidInputException("phrases", $"{longest} tokens", $"one pass takes {Math.Min(count, MaxTextLength)}",
                "shorten the phrase, or look for its parts one by one");
        }

        var padded = Array.ConvertAll(ids, row => (int[])[.. row, .. Enumerable.Repeat(Tokenizer.PadId, count - row.Length)]);
        var flat = padded.SelectMany(row => row.Select(id => (long)id)).ToArray();
        var attended = lengths.SelectMany(length => Enumerable.Range(0, count).Select(i => i < length)).ToArray();
        var inputs = new Dictionary<string, OnnxTensor>
        {
            [_pixelName] = OnnxTensor.FromSingles(_model.Input(_pixelName).ElementType, pixels, batch, 3, height, width),
            ["input_ids"] = OnnxTensor.Create(flat, batch, count),
            ["token_type_ids"] = OnnxTensor.Create(new long[flat.Length], batch, count),
        };
        if (_isOriginalStyle)
        {
            var blocks = padded.Select(row => PhrasePrompt.Blocks(row, Delimiters)).ToList();
            inputs["attention_mask"] = OnnxTensor.Create(attended, batch, count);
            inputs["position_ids"] = OnnxTensor.Create(blocks.SelectMany(block => block.PositionIds).ToArray(), batch, count);
            inputs["text_token_mask"] = OnnxTensor.Create(blocks.SelectMany(block => block.Mask).ToArray(), batch, count, count);
        }
        else
        {
            inputs["attention_mask"] = OnnxTensor.Create(Array.ConvertAll(attended, value => value ? 1L : 0L), batch, count);
            inputs["pixel_mask"] = OnnxTensor.Create(pixelMask ?? Enumerable.Repeat(1L, batch * height * width).ToArray(), batch, height, width);
        }

        var outputs = _model.Run(inputs, ["logits", _boxName], cancellationToken);
        var (queries, columns) = ((int)outputs["logits"].Shape[1], (int)outputs["logits"].Shape[2]);
        var (logits, boxes) = (outputs["logits"].ToSingles(), outputs[_boxName].ToSingles());
        return [.. Enumerable.Range(0, batch).Select(row => new DinoOutput(
            logits.AsSpan(row * queries * columns, queries * columns).ToArray(), boxes.AsSpan(row * queries * 4, queries * 4).ToArray(), queries, columns))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private int Delimiter(string text)
    {
        var ids = Tokenizer.Encode(text);
        return ids.Length == 3 && ids[1] != Tokenizer.UnkId
            ? ids[1]
            : throw new ModelLoadException(_model.Path, $"the vocabulary has no '{text}'", "use the vocabulary the model was published with");
    }
}
