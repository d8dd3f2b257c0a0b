using Realign.Core.Errors;
using Realign.Gateway.Backends;
using Realign.Rewards;
using Realign.V1;
using Realign.Wire.Tensors;

namespace Realign.Gateway.Rewards;

/// <summary>
/// The caption reward, R = cos(f_enc(caption of the image), f_enc(prompt)). An image is captioned once and a text embedded once, however
/// often they occur in the request.
/// </summary>
internal sealed class CaptionScoring(BackendCaller caller, CaptionerService.CaptionerServiceClient client)
{
    private const string Name = "CAPTION";

    /// <summary>The captions of distinct images, in order.</summary>
    public async Task<Outcome<CaptionResponse>[]> DescribeAsync(RewardCall call, IReadOnlyList<Image> images, CancellationToken cancellationToken) =>
        // Caption takes one image a call: a size nothing fits into makes every batch a single one
        await call.SendAsync<Image, CaptionResponse>(Name, images, _ => int.MaxValue,
            async (scope, batch) => [await caller.UnaryAsync(scope, client.CaptionAsync, new CaptionRequest { Image = batch[0] })], cancellationToken);

    /// <summary>The reward of each pair.</summary>
    public async Task<Outcome<ScoredPair>[]> ScoreAsync(
        RewardCall call, IReadOnlyList<ScoreItem> pairs, IReadOnlyDictionary<Image, Outcome<CaptionResponse>> captions, TextEncoderPreset preset,
        CancellationToken cancellationToken)
    {
        var texts = pairs.Where(pair => captions[pair.Image].Value is not null)
            .SelectMany(pair => new[] { pair.Prompt, captions[pair.Image].Value!.Caption })
            .Distinct(StringComparer.Ordinal).ToList();
        var embedded = await call.SendAsync<string, Embedding>(Name, texts, text => text.Length * 3L, async (scope, batch) =>
        {
            var request = new EmbedTextRequest { Preset = preset };
            request.Texts.AddRange(batch);
            return Rows(await caller.UnaryAsync(scope, client.EmbedTextAsync, request), batch.Count, scope);
        }, cancellationToken);
        var embeddings = texts.Zip(embedded).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        return [.. pairs.Select(pair => Compare(captions[pair.Image], pair.Prompt, embeddings))];
    }

    private static Outcome<ScoredPair> Compare(Outcome<CaptionResponse> caption, string prompt, Dictionary<string, Outcome<Embedding>> embeddings)
    {
        if (caption.Value is null)
            return new Outcome<ScoredPair>(null, caption.Error);
        var (left, right) = (embeddings[caption.Value.Caption], embeddings[prompt]);
        if ((left.Error ?? right.Error) is { } error)
            return new Outcome<ScoredPair>(null, error);
        var value = new RewardValue
        {
            Kind = RewardKind.Caption,
            Value = (float)CaptionReward.Cosine(left.Value!.Row, right.Value!.Row),
            Caption = caption.Value.Caption,
            TruncatedPrompt = right.Value.Truncated,
            TruncatedCaption = left.Value.Truncated,
        };
        return new Outcome<ScoredPair>(new ScoredPair(value, null), null);
    }

    private static List<Embedding> Rows(EmbedTextResponse answer, int count, CallScope scope)
    {
        try
        {
            if (answer.Embeddings?.Shape is [var rows, var width] && rows == count && answer.Texts.Count == count)
            {
                return [.. TensorReader.Singles("embeddings", answer.Embeddings).Select(value => (double)value).Chunk((int)width)
                    .Zip(answer.Texts, (row, report) => new Embedding(row, report.Truncated))];
            }
        }
        catch (InvalidInputException)
        {
            // said below
        }

        throw BackendFailure.Broken("returned embeddings of another shape than [texts, dimension], or no report per text", scope);
    }

    private sealed record Embedding(double[] Row, string Truncated);
}
