using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Captioner.Requests;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Core.Timings;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Scoring;
using Realign.Wire.Images;
using Realign.Wire.Requests;
using Realign.Wire.Timings;

namespace Realign.Captioner;

/// <summary>Checks what a request says, takes a place in the model's queue, and only then decodes pictures.</summary>
internal sealed class CaptionerGrpcService(
    ModelHost<ImageCaptioner> captioner,
    ModelHost<ClipScorer> clip,
    IServiceProvider services,
    IOptions<CaptionerOptions> options,
    IOptions<HostingOptions> hosting) : CaptionerService.CaptionerServiceBase
{
    private const int MaxTexts = 256;

    // a pass back through the model takes about twice as long as one forward
    private const int GradientPasses = 3;

    private readonly ModelHost<RetrievalScorer>? _retrieval = services.GetService<ModelHost<RetrievalScorer>>();

    public override async Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context)
    {
        var search = CaptionSearch.Read(request);
        var prompt = Require.OptionalText("prompt", request.Prompt);
        using var pictures = new RequestPictures(("image", request.Image));
        var timings = new CallTimings();

        var (found, family) = await RunAsync(captioner, pictures, "caption", timings,
            (model, all, token) => (model.Describe(all[0], prompt, search, token), model.Family),
            CallTerms.Of(context, (double)search.MaxNewTokens * search.NumBeams));

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
            preset = _retrieval is null ? TextEncoderPreset.OfficialCode : TextEncoderPreset.Paper;

        var terms = CallTerms.Of(context, request.Texts.Count);
        var (embedded, family) = preset == TextEncoderPreset.Paper
            ? await Retrieval().RunAsync((model, token) => (model.EmbedText(request.Texts, token), model.Family), terms)
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

        var (scores, family) = await (call.Method switch
        {
            ScoreMethod.Clip => Score(clip, (model, pairs, token) => (model.Score(pairs, call.WithGradient, token), model.Family)),
            ScoreMethod.Itc => Score(Retrieval(), (model, pairs, token) => (model.ScoreContrastive(pairs, call.WithGradient, token), model.Family)),
            ScoreMethod.Itm => Score(Retrieval(), (model, pairs, token) => (model.ScoreMatching(pairs, call.WithGradient, token), model.Family)),
            _ => Score(captioner, (model, pairs, token) => (model.ScoreLikelihood(pairs, call.WithGradient, token), model.Family)),
        });

        var response = new ScorePromptResponse { Model = Model(family) };
        response.Scores.AddRange(scores.Select(call.Answer));
        response.Timings.AddRange(timings.ToMessages());
        return response;

        Task<(IReadOnlyList<ScoredPair> Scores, string Family)> Score<TModel>(
            ModelHost<TModel> host, Func<TModel, IReadOnlyList<PicturePrompt>, CancellationToken, (IReadOnlyList<ScoredPair>, string)> score)
            where TModel : class =>
            RunAsync(host, call.Pictures, "score", timings, (model, all, token) => score(model, call.Pairs(all), token), terms);
    }

    /// <summary>Decodes the pictures once the call has its place in the queue, and runs the model on them.</summary>
    private static Task<T> RunAsync<TModel, T>(
        ModelHost<TModel> host, RequestPictures pictures, string name, CallTimings timings,
        Func<TModel, IReadOnlyList<Picture>, CancellationToken, T> work, CallTerms terms)
        where TModel : class => host.RunAsync(pictures.Read, (model, read, token) =>
        {
            timings.Add("decode", read.ReadTime);
            timings.Restart();
            var result = read.Use(all => work(model, all, token));
            timings.Mark(name);
            return result;
        }, terms);

    private ModelHost<RetrievalScorer> Retrieval() => _retrieval ?? throw new FailedPreconditionException(
        "no retrieval checkpoint is loaded", "set Captioner:Retrieval to the folder of a BLIP or BLIP-2 retrieval model, or use CLIP or LIKELIHOOD");

    private ModelInfo Model(string family) => new() { Family = family, Name = options.Value.Name };
}
