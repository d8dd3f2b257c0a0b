using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Grounding.Tagging;
using Realign.Hosting.Models;
using Realign.V1;
using Realign.Wire.Images;

namespace Realign.Tagger;

internal sealed class TaggerGrpcService(ModelHost<ImageTagger> tagger, IOptions<TaggerOptions> options) : TaggerService.TaggerServiceBase
{
    public override async Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
    {
        var threshold = request.HasThreshold ? Threshold(request.Threshold) : (float?)options.Value.Threshold;
        var start = TimeProvider.System.GetTimestamp();
        var image = RequestImage.Read("image", request.Image).ToRgb();
        var decoded = TimeProvider.System.GetTimestamp();

        var (tags, milliseconds) = await tagger.RunAsync((model, token) =>
        {
            var begin = TimeProvider.System.GetTimestamp();
            var found = model.Tag(image, threshold, request.IncludeUngroundable, token);
            return (found, TimeProvider.System.GetElapsedTime(begin).TotalMilliseconds);
        }, context.CancellationToken);

        var response = new TagResponse { Model = new ModelInfo { Family = "recognize-anything", Name = options.Value.Name } };
        response.Tags.AddRange(tags.Select(Map));
        response.Timings.Add(new Timing { Name = "decode", Milliseconds = TimeProvider.System.GetElapsedTime(start, decoded).TotalMilliseconds });
        response.Timings.Add(new Timing { Name = "tag", Milliseconds = milliseconds });
        return response;
    }

    private static float Threshold(float value) => value is > 0 and < 1
        ? value
        : throw new InvalidInputException("threshold", value.ToString(CultureInfo.InvariantCulture), "outside 0..1", "use a number between 0 and 1, or leave it out for the model's own");

    private static Tag Map(TagResult result)
    {
        var tag = new Tag { Name = result.Name, Groundable = result.IsGroundable };
        if (result.Probability is { } probability)
            tag.Probability = probability;
        return tag;
    }
}
