using Realign.Metrics.Oracle;
using Realign.World;

namespace Realign.Metrics.Tests.Oracle;

/// <summary>Counts what the oracle gets right in rendered scenes.</summary>
internal sealed class Reading
{
    public int Demanded { get; private set; }

    public int Present { get; private set; }

    public int Bound { get; private set; }

    public int Extra { get; private set; }

    public List<string> Wrong { get; } = [];

    /// <summary>Reads scenes of one kind, one a seed.</summary>
    public static Reading Of(SceneOptions options, int firstSeed, int count)
    {
        var reading = new Reading();
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
            reading.Add(SceneSampler.Draw(seed, options), seed);
        return reading;
    }

    private void Add(Scene scene, int seed)
    {
        var image = SceneRenderer.Render(scene).Image;
        var seen = SceneOracle.Read(image.Pixels, image.Width, image.Height);
        var judgement = SceneOracle.Judge(seen, ScenePrompt.Parse(Caption.Of(scene)));
        Demanded += scene.Objects.Count;
        Present += judgement.Objects.Sum(item => item.Seen.Count);
        Bound += judgement.Objects.Sum(item => item.Bound);
        Extra += judgement.Extra;
        if (!judgement.AllBound || judgement.Extra > 0 || judgement.RelationHolds == false)
            Wrong.Add($"{seed}: {Caption.Of(scene)} -> {string.Join(", ", seen.Objects.Select(item => $"{item.Color} {item.Noun}"))}");
    }
}
