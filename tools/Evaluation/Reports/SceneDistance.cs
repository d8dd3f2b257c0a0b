using Realign.Core.Images;
using Realign.Evaluation.Reading;
using Realign.Evaluation.Runs;
using Realign.Imaging;
using Realign.Metrics.Frechet;
using Realign.World;

namespace Realign.Evaluation.Reports;

/// <summary>Fréchet distances between drawn pictures and rendered scenes of the same prompts; each picture's features are computed once.</summary>
internal sealed class SceneDistance(ClipFeatures clip, RunFolder folder)
{
    private readonly Dictionary<string, float[]> _pictures = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Set, int Prompt, ulong Seed), float[]?> _scenes = [];

    /// <summary>Name of the model.</summary>
    public string Name => clip.Name;

    /// <summary>Width of its features.</summary>
    public int Dimension => clip.Dimension;

    /// <summary>Prompts of which no scene can be rendered.</summary>
    public int Skipped => _scenes.Where(scene => scene.Value is null).Select(scene => (scene.Key.Set, scene.Key.Prompt)).Distinct().Count();

    /// <summary>The distance; null with fewer than two pictures that have a scene.</summary>
    public FrechetFigure? Of(IReadOnlyList<JudgedPicture> pictures, CancellationToken cancellationToken)
    {
        var (drawn, rendered) = (new List<float[]>(), new List<float[]>());
        foreach (var picture in pictures)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = picture.Record;
            var key = (record.Set, record.Prompt, record.Seed);
            if (!_scenes.TryGetValue(key, out var scene))
                _scenes[key] = scene = Render(picture, cancellationToken);
            if (scene is null)
                continue;
            if (!_pictures.TryGetValue(record.Png, out var features))
                _pictures[record.Png] = features = Features(Decode(record, cancellationToken), cancellationToken);
            drawn.Add(features);
            rendered.Add(scene);
        }

        return drawn.Count < 2 ? null : new FrechetFigure(FrechetDistance.Between(Matrix(drawn), Matrix(rendered)), drawn.Count, rendered.Count, Dimension);
    }

    private float[]? Render(JudgedPicture picture, CancellationToken cancellationToken)
    {
        if (picture.Demand is not { } demand || demand.Objects.Sum(item => item.Count) > SceneSampler.MostObjects
            || demand.Relations.Count > 1 || (demand.Relations.Count == 1 && demand.Objects.Sum(item => item.Count) != 2))
            return null;
        // any scene of the prompt will do, but always the same one
        var seed = HashOf(picture.Record.Text, picture.Record.Seed);
        return Features(SceneRenderer.Render(SceneSampler.Show(seed, demand)).Image, cancellationToken);
    }

    private RgbImage Decode(PictureRecord record, CancellationToken cancellationToken) =>
        ImageDecoder.Decode(folder.ReadPicture(record), cancellationToken: cancellationToken);

    private static int HashOf(string text, ulong seed)
    {
        var hash = 2166136261u ^ (uint)seed;
        foreach (var character in text)
            hash = unchecked((hash ^ character) * 16777619u);
        return (int)(hash & int.MaxValue);
    }

    private float[] Features(RgbImage image, CancellationToken cancellationToken) => clip.Of([image], cancellationToken).Row(0).ToArray();

    private FeatureMatrix Matrix(List<float[]> rows) => new(rows.SelectMany(row => row).ToArray(), rows.Count, Dimension);
}
