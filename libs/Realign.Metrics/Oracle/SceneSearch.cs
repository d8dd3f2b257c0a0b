using Realign.Core.Images;

namespace Realign.Metrics.Oracle;

/// <summary>Finds the objects of a picture: first those that stand apart, then what explains each group of pixels that is left.</summary>
internal sealed class SceneSearch(PictureField field)
{
    // what stands apart and is explained like this needs no second look
    private const float ApartQuality = 0.85f;

    private readonly float[] _open = AllOpen();
    private readonly List<Candidate> _found = [];

    /// <summary>The objects, best explained first.</summary>
    public IReadOnlyList<SeenObject> Run()
    {
        TakeApart();
        var groups = RegionSearch.Groups(field, _open);
        foreach (var group in groups)
        {
            var open = (float[])_open.Clone();
            foreach (var other in groups.Where(other => other != group).SelectMany(other => other))
                open[other] = 0;
            _found.AddRange(new GroupSearch(field, open).Run());
        }

        return [.. _found.Select((candidate, index) => See(candidate, index)).OrderByDescending(seen => seen.Score)];
    }

    private static float[] AllOpen()
    {
        var open = new float[PictureField.Side * PictureField.Side];
        Array.Fill(open, 1);
        return open;
    }

    /// <summary>Takes what stands apart and is well explained.</summary>
    private void TakeApart()
    {
        var refinement = new PlaceRefinement(field);
        foreach (var region in RegionSearch.Find(field, _open))
        {
            var starts = RegionSearch.Starts(region).Select(start => Candidate.At(field, _open, start.Class, start.Pose));
            if (refinement.BestOf(starts, _open) is not { } best || best.Fit.Quality < ApartQuality || best.Fit.Seen < ApartQuality)
                continue;
            var open = (float[])_open.Clone();
            ObjectRemoval.Close(field, open, best);
            // what is left of the region may be a second object
            if (RegionSearch.Find(field, open).Any(left => left.Any(region.Contains)))
                continue;
            _found.Add(best);
            open.CopyTo(_open, 0);
        }
    }

    private float[] OpenBeside(int index)
    {
        var open = AllOpen();
        for (var other = 0; other < _found.Count; other++)
        {
            if (other != index)
                ObjectRemoval.Close(field, open, _found[other]);
        }

        return open;
    }

    private SeenObject See(Candidate candidate, int index)
    {
        var open = OpenBeside(index);
        var (left, top, right, bottom) = ((float)PictureField.Side, (float)PictureField.Side, 0f, 0f);
        var sampler = new TemplateSampler(TemplateBank.Textures[candidate.Class], candidate.Pose);
        for (var y = Math.Max(0, sampler.Top); y <= Math.Min(sampler.Bottom, PictureField.Side - 1); y++)
        {
            for (var x = Math.Max(0, sampler.Left); x <= Math.Min(sampler.Right, PictureField.Side - 1); x++)
            {
                if (sampler.At(x, y).X >= 0.5f)
                    (left, top, right, bottom) = (MathF.Min(left, x), MathF.Min(top, y), MathF.Max(right, x + 1), MathF.Max(bottom, y + 1));
            }
        }

        return new SeenObject(
            TemplateBank.Textures[candidate.Class].Noun, ColorReading.Of(field, open, candidate).Name, new BoundingBox(left, top, right, bottom),
            candidate.Fit.Seen, candidate.Fit.Quality);
    }
}
