using Realign.Clip;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Metrics.Frechet;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Evaluation.Reading;

/// <summary>Image features of a CLIP model: the projected ones, not normalized. Not thread-safe.</summary>
internal sealed class ClipFeatures : IDisposable
{
    private const int Batch = 32;

    private readonly CLIPModel _model;
    private readonly ImageProcessor _processor;

    private ClipFeatures(CLIPModel model, ImageProcessor processor, string name)
    {
        _model = model;
        _processor = processor;
        Name = name;
    }

    /// <summary>The folder it was loaded from.</summary>
    public string Name { get; }

    /// <summary>Width of a feature vector.</summary>
    public int Dimension => _model.Config.ProjectionDim;

    /// <summary>Loads a snapshot folder.</summary>
    /// <exception cref="Core.Errors.ModelLoadException">It does not fit.</exception>
    public static ClipFeatures Load(string folder)
    {
        var model = CLIPModel.Load(folder, TorchPlacement.Cpu);
        try
        {
            return new ClipFeatures(model, ImageProcessor.Load(folder), Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)));
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The features of pictures, one row each.</summary>
    /// <param name="pictures">At least one.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    public FeatureMatrix Of(IEnumerable<RgbImage> pictures, CancellationToken cancellationToken)
    {
        var rows = new List<float>();
        var side = _model.Config.Vision.ImageSize;
        foreach (var batch in pictures.Chunk(Batch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var grad = no_grad();
            var pixels = TensorConvert.FromArray([.. batch.SelectMany(picture => _processor.Process(picture).PixelValues)], batch.Length, 3, side, side);
            rows.AddRange(_model.ImageFeatures(pixels).ToSingles());
        }

        return new FeatureMatrix(rows.ToArray(), rows.Count / Dimension, Dimension);
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();
}
