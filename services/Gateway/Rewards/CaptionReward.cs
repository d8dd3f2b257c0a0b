using System.Runtime.InteropServices;
using Realign.Gateway.Backends;
using Realign.V1;

namespace Realign.Gateway.Rewards;

/// <summary>
/// Eq. 4: R = cos(f_enc(caption of the image), f_enc(prompt)). An image is captioned once and a text embedded once, however often
/// they occur in the request.
/// </summary>
internal sealed class CaptionReward(BackendCaller caller, CaptionerService.CaptionerServiceClient client)
{
    private const string Name = "CAPTION";

    /// <summary>The captions of distinct images, in order.</summary>
    public async Task<Outcome<CaptionResponse>[]> DescribeAsync(RewardCall call, IReadOnlyList<Image> images, CancellationToken cancellationToken) =>
        // Caption takes one image a call: a size nothing fits into makes every batch a single one
        await call.SendAsync<Image, CaptionResponse>(Name, images, _ => int.MaxValue,
            async (scope, batch) => [await caller.UnaryAsync(scope, client.CaptionAsync, new CaptionRequest { Image = batch[0] })], cancellationToken);

    /// <summary>The reward of each pair.</summary>
    public async Task<Outcome<RewardValue>[]> ScoreAsync(
        RewardCall call, IReadOnlyList<ScoreItem> pairs, IReadOnlyDictionary<Image, Outcome<CaptionResponse>> captions, TextEncoderPreset preset,
        CancellationToken cancellationToken)
    {
        var texts = pairs.Where(pair => captions[pair.Image].Value is not null)
            .SelectMany(pair => new[] { pair.Prompt, captions[pair.Image].Value!.Caption })
            .Distinct(StringComparer.Ordinal).ToList();
        var embedded = await call.SendAsync<string, float[]>(Name, texts, text => text.Length * 3L, async (scope, batch) =>
        {
            var request = new EmbedTextRequest { Preset = preset };
            request.Texts.AddRange(batch);
            var answer = await caller.UnaryAsync(scope, client.EmbedTextAsync, request);
            return Rows(answer.Embeddings, batch.Count, scope);
        }, cancellationToken);
        var embeddings = texts.Zip(embedded).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
        return [.. pairs.Select(pair => Compare(captions[pair.Image], pair.Prompt, embeddings))];
    }

    private static Outcome<RewardValue> Compare(Outcome<CaptionResponse> caption, string prompt, Dictionary<string, Outcome<float[]>> embeddings)
    {
        if (caption.Value is null)
            return new Outcome<RewardValue>(null, caption.Error);
        var left = embeddings[caption.Value.Caption];
        var right = embeddings[prompt];
        if ((left.Error ?? right.Error) is { } error)
            return new Outcome<RewardValue>(null, error);
        // the rows have length 1, so their cosine is their product
        double cosine = 0;
        for (var i = 0; i < left.Value!.Length; i++)
            cosine += (double)left.Value[i] * right.Value![i];
        return new Outcome<RewardValue>(
            new RewardValue { Kind = RewardKind.Caption, Value = (float)Math.Clamp(cosine, -1, 1), Caption = caption.Value.Caption }, null);
    }

    private static List<float[]> Rows(Tensor? embeddings, int count, CallScope scope)
    {
        if (embeddings is null || embeddings.DataType != DataType.Float32 || embeddings.Shape.Count != 2 || embeddings.Shape[0] != count
            || embeddings.Data.Length != embeddings.Shape[0] * embeddings.Shape[1] * sizeof(float))
            throw BackendFailure.Broken("returned embeddings of another shape than [texts, dimension] in FLOAT32", scope);
        var width = (int)embeddings.Shape[1];
        var values = MemoryMarshal.Cast<byte, float>(embeddings.Data.Span);
        var rows = new List<float[]>(count);
        for (var i = 0; i < count; i++)
            rows.Add(values.Slice(i * width, width).ToArray());
        return rows;
    }
}
