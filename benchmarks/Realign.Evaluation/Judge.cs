using Google.Protobuf;
using Realign.Imaging;
using Realign.V1;

namespace Realign.Evaluation;

/// <summary>What an image shows of one object of the prompt.</summary>
/// <param name="Tagged">The tagger names it.</param>
/// <param name="Located">The segmenter finds it.</param>
/// <param name="Colour">Nearest colour of the mean inside its mask; null where it was not found.</param>
/// <param name="Wanted">Colour of the prompt.</param>
internal sealed record Finding(bool Tagged, bool Located, string? Colour, string Wanted)
{
    public bool HasColour => Colour == Wanted;

    public bool IsRight => Tagged && Located && HasColour;
}

/// <summary>Reads images with the mesh's own tagger and segmenter, and the colours by itself.</summary>
internal sealed class Judge(TaggerService.TaggerServiceClient tagger, SegmenterService.SegmenterServiceClient segmenter)
{
    public async Task<IReadOnlyList<Finding>> ReadAsync(ByteString png, ScenePrompt prompt)
    {
        var image = new Image { Encoded = png };
        var names = (await tagger.TagAsync(new TagRequest { Image = image })).Tags.Select(tag => tag.Name).ToHashSet();
        var request = new SegmentRequest { Image = image };
        request.Phrases.AddRange(prompt.Things.Select(thing => thing.Object));
        var found = (await segmenter.SegmentAsync(request)).Phrases;
        var pixels = ImageDecoder.Decode(png.Span);
        return [.. prompt.Things.Select((thing, index) =>
        {
            // one object is meant: its best detection, not the union of all
            var mask = found[index].Detections.FirstOrDefault()?.Mask;
            return new Finding(names.Contains(thing.Object), mask is not null, mask is null ? null : World.Nearest(Mean(pixels.Pixels, mask)), thing.Colour);
        })];
    }

    private static (double R, double G, double B) Mean(byte[] pixels, Mask mask)
    {
        var (r, g, b, count) = (0.0, 0.0, 0.0, 0);
        var position = 0;
        for (var run = 0; run < mask.Counts.Count; run++)
        {
            var end = position + (int)mask.Counts[run];
            for (; position < end; position++)
            {
                if (run % 2 == 0)
                    continue;
                // runs go down the columns
                var at = 3 * ((position % mask.Height * mask.Width) + (position / mask.Height));
                (r, g, b, count) = (r + pixels[at], g + pixels[at + 1], b + pixels[at + 2], count + 1);
            }
        }

        return (r / Math.Max(1, count), g / Math.Max(1, count), b / Math.Max(1, count));
    }
}
