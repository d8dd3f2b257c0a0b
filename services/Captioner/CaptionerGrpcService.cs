using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Captioner.Requests;
using Realign.Captioner.Scoring;
using Realign.Captioner.Telemetry;
using Realign.Core.Timings;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Realign.Wire.Images;
using Realign.Wire.Requests;
using Realign.Wire.Timings;

namespace Realign.Captioner;

/// <summary>Checks what a request says, takes a place in the model's queue, and only then decodes pictures.</summary>
internal sealed class CaptionerGrpcService(
    ModelHost<ImageCaptioner> captioner,
    ModelHost<ClipScorer> clip,
    PromptScoring scoring,
    IOptions<CaptionerOptions> options,
    IOptions<HostingOptions> hosting,
    TokenMetrics tokens) : CaptionerService.CaptionerServiceBase
{
    private const int MaxTexts = 256;

    // a pass back through the model takes about twice as long as one forward
    private const int GradientPasses = 3;

    public override async Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context)
    {
        var search = CaptionSearch.Read(request);
        var prompt = Require.OptionalText("prompt", request.Prompt);
        using var pictures = new RequestPictures(("image", request.Image));
        var timings = new CallTimings();

        var (found, family) = await captioner.RunAsync(pictures.Read, (model, read, token) =>
        {
            timings.Add("decode", read.ReadTime);
            timings.Restart();
            var described = read.Use(all => model.Describe(all[0], prompt, search, token));
            timings.Mark("caption");
            return (described, model.Family);
        }, CallTerms.Of(context, (double)search.MaxNewTokens * search.NumBeams));

        tokens.Captioned(captioner.Name, found.NumPromptTokens, found.NumTokens);
        var response = new CaptionResponse
        {
            Caption = found.Caption,
            MeanLogProbability = (float)found.MeanLogProbability,
            NumTokens = found.NumTokens,
            NumPromptTokens = found.NumPromptTokens,
            Finished = found.Finished,
            Model = Model(family),
        };
        response.Timings.AddRange(timings.ToMessages());
        return response;
    }

    public override async Task<EmbedTextResponse> EmbedText(EmbedTextRequest request, ServerCallContext context)
    {
        Require.Count("texts", request.Texts.Count, 1, MaxTexts);
        for (var i = 0; i < request.Texts.Count; i++)
            _ = Require.Text($"texts[{i}]", request.Texts[i]);
        var preset = Require.Known("preset", request.Preset);
        if (preset == TextEncoderPreset.Unspecified)
            preset = scoring.HasRetrieval ? TextEncoderPreset.Paper : TextEncoderPreset.OfficialCode;

        var terms = CallTerms.Of(context, request.Texts.Count);
        var (embedded, family) = preset == TextEncoderPreset.Paper
            ? await scoring.Retrieval.RunAsync((model, token) => (model.EmbedText(request.Texts, token), model.Family), terms)
            : await clip.RunAsync((model, token) => (model.EmbedText(request.Texts, token), model.Family), terms);

        var response = new EmbedTextResponse { Embeddings = EmbeddingMessage.Of(embedded), Preset = preset, Model = Model(family) };
        response.Texts.AddRange(embedded.Readings.Select(reading => new TextReport { NumTokens = reading.NumTokens, Truncated = reading.Truncated }));
        return response;
    }

    public override async Task<ScorePromptResponse> ScorePrompt(ScorePromptRequest request, ServerCallContext context)
    {
        using var call = ScoreCall.Read(request, hosting.Value.MaxMessageMegabytes);
        var timings = new CallTimings();
        var terms = CallTerms.Of(context, request.Items.Count * (call.WithGradient ? GradientPasses : 1));

        var (scores, family) = await scoring.ScoreAsync(call, timings, terms);

        var response = new ScorePromptResponse { Model = Model(family) };
        response.Scores.AddRange(scores.Select(call.Answer));
        response.Timings.AddRange(timings.ToMessages());
        return response;
    }

    private ModelInfo Model(string family) => new() { Family = family, Name = options.Value.Name };
}
