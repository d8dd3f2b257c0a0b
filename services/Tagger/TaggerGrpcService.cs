using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Grounding.Tagging;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Timings;

namespace Realign.Tagger;

internal sealed class TaggerGrpcService(ModelHost<ImageTagger> tagger, IOptions<TaggerOptions> options) : TaggerService.TaggerServiceBase
{
    public override async Task<TagResponse> Tag(TagRequest request, ServerCallContext context)
    {
        var threshold = request.HasThreshold ? Threshold(request.Threshold) : (float?)options.Value.Threshold;
        using var pictures = new RequestPictures(("image", request.Image));
        var timings = new CallTimings();

        var tags = await tagger.RunAsync(pictures.Read, (model, read, token) =>
        {
            timings.Add("decode", read.ReadTime);
            timings.Restart();
            var found = read.Use(all => model.Tag(all[0].ToRgb(), threshold, request.IncludeUngroundable, token));
            timings.Mark("tag");
            return found;
        }, CallTerms.Of(context));

        var response = new TagResponse { Model = new ModelInfo { Family = "recognize-anything", Name = options.Value.Name } };
        response.Tags.AddRange(tags.Select(Map));
        response.Timings.AddRange(timings.ToMessages());
        return response;
    }

    private static float Threshold(float value) => value is > 0 and < 1
        ? value
        : throw new InvalidInputException("threshold", value.ToString(CultureInfo.InvariantCulture), "outside 0..1",
            "use a number between 0 and 1, or leave it out for the model's own");

    private static Tag Map(TagResult result)
    {
        var tag = new Tag { Name = result.Name, Groundable = result.IsGroundable };
        if (result.Probability is { } probability)
            tag.Probability = probability;
        return tag;
    }
}
