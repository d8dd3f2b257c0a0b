using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Generation;

/// <summary>
/// Beam search with <c>early_stopping = false</c> of the reference library: each step ranks 2 x beams continuations; one with the end
/// token is kept only if it is among the first beams of them; the search ends when no running beam can overtake the worst kept text.
/// </summary>
internal static class BeamSearch
{
    private const double Never = -1e9;

    public static IReadOnlyList<GeneratedText> Run(ITokenDecoder decoder, GenerationOptions options, CancellationToken cancellationToken)
    {
        var penalties = new TokenPenalties(decoder, options);
        var room = Math.Min(options.MaxNewTokens, decoder.Capacity);
        var finished = new List<Finished>();
        List<Beam> running = [new Beam([], 0, 0)];
        for (var length = 1; length <= room; length++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var logits = length == 1 ? decoder.Start() : decoder.Next([.. running.Select(beam => (long)beam.Ids[^1])]);
            var candidates = Expand(logits, running, penalties, 2 * options.NumBeams);
            bool Ends(Candidate candidate) => candidate.Token == decoder.EndTokenId || length == room;

            finished.AddRange(candidates.Take(options.NumBeams).Where(Ends).Select(candidate => new Finished(
                [.. running[candidate.Parent].Ids, candidate.Token], candidate.Score / Math.Pow(length, options.LengthPenalty), candidate.LogProbability)));
            finished = [.. finished.OrderByDescending(text => text.Score).Take(options.NumBeams)];
            var next = candidates.Where(candidate => !Ends(candidate)).Take(options.NumBeams).ToList();
            if (next.Count == 0 || !CanImprove(next[0].Score, length, finished, options))
                break;
            decoder.Reorder([.. next.Select(candidate => (long)candidate.Parent)]);
            running = [.. next.Select(candidate => new Beam([.. running[candidate.Parent].Ids, candidate.Token], candidate.Score, candidate.LogProbability))];
        }

        // NaN ranks nowhere
        if (finished.Count == 0)
            throw TokenSearch.NotFinite();
        return [.. finished.Take(Math.Max(1, options.NumReturnSequences))
            .Select(text => new GeneratedText(text.Ids, text.Score, text.LogProbability / text.Ids.Count, text.Ids[^1] == decoder.EndTokenId))];
    }

    private static bool CanImprove(double bestRunning, int length, List<Finished> finished, GenerationOptions options) =>
        finished.Count < options.NumBeams || bestRunning / Math.Pow(length, options.LengthPenalty) > finished[^1].Score;

    private static List<Candidate> Expand(Tensor logits, List<Beam> running, TokenPenalties penalties, int count)
    {
        using var scope = NewDisposeScope();
        var plain = logits.to(ScalarType.Float32).log_softmax(-1);
        var before = tensor(running.Select(beam => (float)beam.Score).ToArray(), [running.Count, 1], device: logits.device);
        var scores = penalties.Apply(plain, [.. running.Select(beam => beam.Ids)]).add(before).flatten();
        var (values, indices) = scores.topk((int)Math.Min(count, scores.numel()));
        var chosen = plain.flatten().index_select(0, indices).ToSingles();
        var vocabulary = logits.shape[1];
        var candidates = values.ToSingles().Zip(indices.ToInt64s(), chosen)
            .Select(item => new Candidate((int)(item.Second / vocabulary), (int)(item.Second % vocabulary), item.First,
                running[(int)(item.Second / vocabulary)].LogProbability + item.Third));
        return [.. candidates.Where(candidate => candidate.Score > Never)];
    }

    private sealed record Beam(List<int> Ids, double Score, double LogProbability);

    private sealed record Finished(IReadOnlyList<int> Ids, double Score, double LogProbability);

    private readonly record struct Candidate(int Parent, int Token, double Score, double LogProbability);
}
