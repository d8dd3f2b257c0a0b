using Google.Protobuf;
using Realign.Evaluation.Drawing;
using Realign.Evaluation.Prompts;
using Realign.V1;

namespace Realign.Evaluation.Reading;

/// <summary>
/// Reads pictures with the services of the mesh. Where an oracle judges, all readers are asked, because their quality bounds what verification can
/// do; where none does, only CLIP is, which takes no part in the flow.
/// </summary>
internal sealed class PictureReader(MeshClients mesh)
{
    public async Task<ReadingRecord> ReadAsync(byte[] png, EvaluationPrompt prompt, CancellationToken cancellationToken)
    {
        var image = new Image { Encoded = ByteString.CopyFrom(png) };
        var clip = mesh.CallAsync(mesh.Captioner, (invoker, options) => new CaptionerService.CaptionerServiceClient(invoker).ScorePromptAsync(
            new ScorePromptRequest { Items = { new ScoreItem { Image = image, Prompt = prompt.Text } }, Method = ScoreMethod.Clip }, options),
            cancellationToken);
        if (prompt.Demand is null)
            return await Record(clip);
        var tags = mesh.CallAsync(mesh.Tagger, (invoker, options) => new TaggerService.TaggerServiceClient(invoker).TagAsync(
            new TagRequest { Image = image }, options), cancellationToken);
        var caption = mesh.CallAsync(mesh.Captioner, (invoker, options) => new CaptionerService.CaptionerServiceClient(invoker).CaptionAsync(
            new CaptionRequest { Image = image }, options), cancellationToken);
        var request = new SegmentRequest { Image = image, NameColors = true, Phrases = { prompt.Demand.Objects.Select(item => item.Noun).Distinct() } };
        var segments = mesh.CallAsync(mesh.Segmenter, (invoker, options) => new SegmenterService.SegmenterServiceClient(invoker).SegmentAsync(request, options),
            cancellationToken);
        await Task.WhenAll(tags, caption, segments, clip);
        return await Record(clip) with
        {
            Tags = [.. (await tags).Tags.Select(tag => tag.Name)],
            Caption = (await caption).Caption,
            Segments = Scene(await segments),
        };
    }

    private static async Task<ReadingRecord> Record(Task<ScorePromptResponse> clip)
    {
        var answer = await clip;
        return new ReadingRecord { Clip = answer.Scores[0].Score, ClipModel = $"{answer.Model.Family} {answer.Model.Name}" };
    }

    private static SceneRecord Scene(SegmentResponse response) => new()
    {
        Width = response.Width,
        Height = response.Height,
        Objects = [.. response.Phrases.SelectMany(phrase => phrase.Detections.Select(found => new SeenRecord(
            phrase.Phrase, found.Colors.FirstOrDefault()?.Name, [found.Box.X0, found.Box.Y0, found.Box.X1, found.Box.Y1], found.Score)))],
    };
}
