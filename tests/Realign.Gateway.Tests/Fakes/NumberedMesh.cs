using Google.Protobuf;
using Realign.V1;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>A mesh for the prompt "a red car and a bus" whose images say their seeds.</summary>
internal static class NumberedMesh
{
    private static readonly Entity[] _demand = [Seen.Entity("car", "red"), Seen.Entity("bus")];

    /// <summary>A red car and a bus.</summary>
    public static Seen Right => new()
    {
        Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("red", 1))], ["bus"] = [Seen.Colored(5, 9, 0.8f, ("blue", 1))] },
    };

    /// <summary>A blue car and a bus.</summary>
    public static Seen Wrong => new()
    {
        Found = { ["car"] = [Seen.Colored(0, 4, 0.8f, ("blue", 1))], ["bus"] = [Seen.Colored(5, 9, 0.8f, ("blue", 1))] },
    };

    /// <summary>A mesh whose images show what is picked by their texts, e.g. "refined image 8".</summary>
    public static async Task<FakeMesh> StartAsync(Func<string, Seen> pick, params string[] settings)
    {
        var mesh = await FakeMesh.StartAsync(null, settings);
        Seen.Show(mesh, pick, _demand);
        NumberImages(mesh);
        return mesh;
    }

    /// <summary>Every image says its seed, and something is always located.</summary>
    private static void NumberImages(FakeMesh mesh)
    {
        var generate = mesh.Behavior.Generate;
        mesh.Behavior.Generate = request =>
        {
            var generated = generate(request).ToList();
            var image = generated[^1].Result.Images[0];
            image.Png = ByteString.CopyFromUtf8(FormattableString.Invariant($"{image.Png.ToStringUtf8()} {image.Seed}"));
            return generated;
        };
        mesh.Behavior.ScoreScene = _ => new ScoreSceneResponse { Entries = { FakeBehavior.Entry("place", "a place") } };
        mesh.Behavior.Segment = request => new SegmentResponse
        {
            Phrases = { request.Phrases.Select(phrase => FakeBehavior.Grounded(phrase, FakeBehavior.MaskOf(4, 4, 5, 6))) },
        };
    }

    public static Task<List<RealignResponse>> RealignAsync(
        FakeMesh mesh, int attempts, ulong seed, Action<RealignRequest>? change = null, TimeSpan? deadline = null) =>
        Calls.RealignAsync(mesh, "a red car and a bus", request =>
        {
            request.Attempts = attempts;
            request.Generate.Seed = seed;
            change?.Invoke(request);
        }, deadline);
}
