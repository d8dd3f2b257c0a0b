using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Core.Images;
using Realign.Grounding.Images;
using Realign.Imaging;
using Realign.Onnx;

namespace Realign.Grounding.Tagging;

/// <summary>
/// Recognize Anything, RAM++ or Tag2Text as an ONNX graph (xinyu1205/recognize-anything). Exports agree on no names, so the image is the
/// input of rank 4 and the answer the float output of rank 2. One caller at a time is not required, but runs share the graph's threads.
/// </summary>
public sealed class ImageTagger : IDisposable
{
    private readonly OnnxModel _model;
    private readonly OnnxValueInfo _input;
    private readonly OnnxValueInfo _output;
    private readonly ImageNormalization _normalization;

    private ImageTagger(OnnxModel model, TagList tags, ImageNormalization normalization)
    {
        _model = model;
        Tags = tags;
        _normalization = normalization;
        _input = Single(model.Inputs.Where(input => input.Rank == 4 && IsFloat(input)), "image input of rank 4");
        _output = Single(model.Outputs.Where(output => output.Rank == 2 && IsFloat(output)), "output of rank 2");
        if (_output.Dimensions[1] is { } classes && classes != tags.Names.Count)
            throw new ModelLoadException(model.Path, $"the graph has {classes} tags, the tag list {tags.Names.Count}",
                "use the list the graph was exported with");
        ImageWidth = Edge(3, "width");
        ImageHeight = Edge(2, "height");
    }

    /// <summary>Names, thresholds and deletions.</summary>
    public TagList Tags { get; }

    /// <summary>Width that images are resized to, in pixels; the aspect ratio is not kept.</summary>
    public int ImageWidth { get; }

    /// <summary>Height that images are resized to, in pixels.</summary>
    public int ImageHeight { get; }

    /// <summary>Whether the graph gives 0 and 1 only, already thresholded: then there are no probabilities and no other threshold.</summary>
    public bool GivesDecisionsOnly { get; private set; }

    /// <summary>What was odd while loading, for the log; null when nothing was.</summary>
    public string? Warning => _model.Warning;

    /// <summary>Opens a tagger and runs it once.</summary>
    /// <param name="path">A folder with one graph, or the graph; its text files lie beside it.</param>
    /// <param name="options">Threads and device.</param>
    /// <param name="cancellationToken">Ends the first run.</param>
    /// <exception cref="ModelLoadException">A file is missing or does not fit.</exception>
    public static ImageTagger Open(string path, OnnxModelOptions options, CancellationToken cancellationToken)
    {
        var graph = FindGraph(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(graph))!;
        return Open(graph, TagList.Load(folder), options, cancellationToken);
    }

    /// <summary>Opens a graph with a tag list from elsewhere and runs it once.</summary>
    /// <param name="graph">The .onnx file.</param>
    /// <param name="tags">Its tags.</param>
    /// <param name="options">Threads and device.</param>
    /// <param name="cancellationToken">Ends the first run.</param>
    /// <exception cref="ModelLoadException">The file is missing or does not fit the list.</exception>
    public static ImageTagger Open(string graph, TagList tags, OnnxModelOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tags);
        var normalization = ImageNormalization.Load(Path.GetDirectoryName(Path.GetFullPath(graph))!);
        var model = OnnxModel.Open(graph, options);
        try
        {
            var tagger = new ImageTagger(model, tags, normalization);
            // only a look at the values tells logits from decisions: no name is standard
            var first = tagger.Run(tagger.Preprocess(new RgbImage(1, 1, [124, 116, 104])), cancellationToken);
            if (first.Length != tags.Names.Count)
                throw new ModelLoadException(graph, $"the graph gives {first.Length} tags, the tag list has {tags.Names.Count}",
                    "use the list the graph was exported with");
            tagger.GivesDecisionsOnly = Array.TrueForAll(first, value => value is 0 or 1);
            return tagger;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The network's input: resized without keeping the aspect ratio (bilinear, antialiased as Pillow), normalized.</summary>
    /// <returns>3 * ImageHeight * ImageWidth values.</returns>
    public float[] Preprocess(RgbImage image) =>
        _normalization.Apply(PillowResize.Resize(image, ImageWidth, ImageHeight, PillowFilter.Bilinear), ImageWidth, ImageHeight);

    /// <summary>Runs the graph on one preprocessed image.</summary>
    /// <returns>A logit, or 0 or 1, a tag.</returns>
    public float[] Run(float[] pixels, CancellationToken cancellationToken)
    {
        var image = OnnxTensor.FromSingles(_input.ElementType, pixels, 1, 3, ImageHeight, ImageWidth);
        return _model.Run(new Dictionary<string, OnnxTensor> { [_input.Name] = image }, [_output.Name], cancellationToken)[_output.Name].ToSingles();
    }

    /// <summary>Tags an image.</summary>
    /// <param name="image">Any size.</param>
    /// <param name="threshold">One for all tags, 0..1 exclusive; null = the list's own.</param>
    /// <param name="includeUngroundable">Whether tags on the deletion list are given too.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <returns>Tags in the order of the list.</returns>
    /// <exception cref="InvalidInputException">A threshold was given but the graph has no probabilities.</exception>
    public IReadOnlyList<TagResult> Tag(RgbImage image, float? threshold, bool includeUngroundable, CancellationToken cancellationToken)
    {
        if (threshold is { } given && GivesDecisionsOnly)
        {
            throw new InvalidInputException("threshold", given.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "this model only says yes or no, its thresholds are part of it", "leave the threshold out, or load an export that gives logits");
        }

        var scores = Run(Preprocess(image), cancellationToken);
        return [.. Decide(scores, threshold)
            .Where(index => includeUngroundable || !Tags.Deleted.Contains(index))
            .Select(index => new TagResult(index, Tags.Names[index], GivesDecisionsOnly ? null : TagScores.Probability(scores[index]),
                !Tags.Deleted.Contains(index)))];
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private IReadOnlyList<int> Decide(float[] scores, float? threshold)
    {
        if (GivesDecisionsOnly)
            return [.. Enumerable.Range(0, scores.Length).Where(index => scores[index] == 1)];
        var thresholds = Tags.Thresholds;
        if (threshold is { } one)
        {
            thresholds = new float[scores.Length];
            Array.Fill(thresholds, one);
        }

        return TagScores.Select(scores, thresholds, new HashSet<int>());
    }

    private static bool IsFloat(OnnxValueInfo value) => value.ElementType is OnnxElementType.Float32 or OnnxElementType.Float16;

    private OnnxValueInfo Single(IEnumerable<OnnxValueInfo> candidates, string what)
    {
        var found = candidates.ToList();
        return found.Count == 1
            ? found[0]
            : throw new ModelLoadException(_model.Path, $"{found.Count} candidates for the {what}, one is needed", "use an export of RAM, RAM++ or Tag2Text");
    }

    private int Edge(int axis, string key)
    {
        var size = _input.Dimensions[axis] ?? (_normalization.Size.TryGetValue(key, out var configured) ? configured : null);
        return size is >= 1 and <= 8192
            ? (int)size
            : throw new ModelLoadException(_model.Path, $"the graph takes any {key} and preprocessor_config.json names none",
                $"add size.{key} to preprocessor_config.json");
    }

    private static string FindGraph(string path)
    {
        if (!Directory.Exists(path))
            return path;
        var graphs = new[] { path, Path.Combine(path, "onnx") }.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.onnx")).Order(StringComparer.Ordinal).ToList();
        return graphs.Count switch
        {
            1 => graphs[0],
            0 => throw ModelFolder.Lacks(path, "*.onnx"),
            _ => throw new ModelLoadException(path, $"several graphs are there: {string.Join(", ", graphs.Select(Path.GetFileName))}",
                "name the one to use instead of the folder"),
        };
    }
}
