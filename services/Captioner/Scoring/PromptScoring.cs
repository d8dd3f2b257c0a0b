using Microsoft.Extensions.Options;
using Realign.Captioner.Requests;
using Realign.Core.Errors;
using Realign.Core.Timings;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Preference;
using Realign.VisionLanguage.Scoring;

namespace Realign.Captioner.Scoring;

/// <summary>Which model computes which score. Models beside captioner and CLIP are there only where they are set.</summary>
internal sealed class PromptScoring(
    ModelHost<ImageCaptioner> captioner, ModelHost<ClipScorer> clip, IServiceProvider services, IOptions<CaptionerOptions> options)
{
    private readonly ModelHost<RetrievalScorer>? _retrieval = services.GetService<ModelHost<RetrievalScorer>>();
    private readonly ModelHost<HpsScorer>? _hps = services.GetService<ModelHost<HpsScorer>>();
    private readonly ModelHost<PickScorer>? _pickScore = services.GetService<ModelHost<PickScorer>>();
    private readonly ModelHost<ImageRewardScorer>? _imageReward = services.GetService<ModelHost<ImageRewardScorer>>();
    private readonly ModelHost<AestheticPredictor>? _aesthetic = services.GetService<ModelHost<AestheticPredictor>>();

    /// <summary>Whether a retrieval model is set.</summary>
    public bool HasRetrieval => _retrieval is not null;

    /// <summary>The retrieval model.</summary>
    /// <exception cref="FailedPreconditionException">None is set.</exception>
    public ModelHost<RetrievalScorer> Retrieval => _retrieval ?? throw new FailedPreconditionException(
        "no retrieval checkpoint is loaded", "set Captioner:Retrieval to the folder of a BLIP or BLIP-2 retrieval model, or use CLIP or LIKELIHOOD");

    /// <summary>Scores the pairs of a call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="timings">Get the times of decoding and scoring.</param>
    /// <param name="terms">What decides when it runs.</param>
    /// <returns>One score per pair, and the family of the model.</returns>
    /// <exception cref="FailedPreconditionException">The model of the method is not set, or could not be loaded.</exception>
    public Task<(IReadOnlyList<ScoredPair> Scores, string Family)> ScoreAsync(ScoreCall call, CallTimings timings, CallTerms terms)
    {
        var gradient = call.WithGradient;
        return call.Method switch
        {
            ScoreMethod.Clip => Run(clip, (model, pairs, token) => (model.Score(pairs, gradient, token), model.Family)),
            ScoreMethod.Itc => Run(Retrieval, (model, pairs, token) => (model.ScoreContrastive(pairs, gradient, token), model.Family)),
            ScoreMethod.Itm => Run(Retrieval, (model, pairs, token) => (model.ScoreMatching(pairs, gradient, token), model.Family)),
            ScoreMethod.Hps => Run(_hps ?? throw NotSet("HPS v2", nameof(CaptionerOptions.HpsV2), "HPS_v2.1_compressed.safetensors"),
                (model, pairs, token) => (model.Score(pairs, gradient, token), model.Family)),
            ScoreMethod.PickScore => Run(_pickScore ?? throw NotSet("PickScore", nameof(CaptionerOptions.PickScore), "the folder of PickScore_v1"),
                (model, pairs, token) => (model.Score(pairs, gradient, token), model.Family)),
            ScoreMethod.ImageReward => Run(
                _imageReward ?? throw NotSet("ImageReward", nameof(CaptionerOptions.ImageReward), "the folder of ImageReward.safetensors and med_config.json"),
                (model, pairs, token) => (model.Score(pairs, gradient, token), model.Family)),
            ScoreMethod.Aesthetic => Run(clip, Aesthetic(gradient)),
            _ => Run(captioner, (model, pairs, token) => (model.ScoreLikelihood(pairs, gradient, token), model.Family)),
        };

        Task<(IReadOnlyList<ScoredPair> Scores, string Family)> Run<TModel>(
            ModelHost<TModel> host, Func<TModel, IReadOnlyList<PicturePrompt>, CancellationToken, (IReadOnlyList<ScoredPair>, string)> score)
            where TModel : class =>
            host.RunTogetherAsync<PairsOfCall, (IReadOnlyList<ScoredPair>, string)>(
                token => new PairsOfCall(call, call.Pictures.Read(token), timings),
                (model, calls, token) =>
                {
                    var family = "";
                    var scores = PairsOfCall.Score(calls, pairs =>
                    {
                        (var scored, family) = score(model, pairs, token);
                        return scored;
                    });
                    return [.. scores.Select(scored => (scored, family))];
                },
                terms with { Batch = Batch(call) });
    }

    /// <summary>Calls of one method share a pass of its model, with gradients or without.</summary>
    private CallBatch? Batch(ScoreCall call)
    {
        var share = Math.Max((double)call.Pictures.Count / options.Value.MaxBatch, (double)call.Pictures.Area() / PairBatch.MaxPixels);
        return share > 1 ? null : new CallBatch((call.Method, call.WithGradient), Math.Max(1, (int)Math.Ceiling(share * CallBatch.Full)));
    }

    private Func<ClipScorer, IReadOnlyList<PicturePrompt>, CancellationToken, (IReadOnlyList<ScoredPair>, string)> Aesthetic(bool gradient)
    {
        var host = _aesthetic ?? throw NotSet("aesthetic predictor", nameof(CaptionerOptions.Aesthetic), "sac+logos+ava1-l14-linearMSE.safetensors");
        var predictor = host.Ask(model => model);
        return (model, pairs, token) => (model.ScoreAesthetic(pairs, predictor, gradient, token), AestheticPredictor.Family);
    }

    private static FailedPreconditionException NotSet(string model, string setting, string value) =>
        new($"no {model} is loaded", $"set {CaptionerOptions.SectionName}:{setting} to {value}, or use another method");
}
