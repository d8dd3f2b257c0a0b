using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Core.Timings;
using Realign.Hosting;
using Realign.Hosting.Models;
using Realign.Rewards;
using Realign.V1;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.Scoring;
using Realign.Wire.Images;
using Realign.Wire.Requests;
using Realign.Wire.Tensors;
using Realign.Wire.Timings;

namespace Realign.Captioner;

internal sealed class CaptionerGrpcService(
    ModelHost<ImageCaptioner> captioner,
    ModelHost<ClipScorer> clip,
    IServiceProvider services,
    IOptions<CaptionerOptions> options,
    IOptions<HostingOptions> hosting) : CaptionerService.CaptionerServiceBase
{
    private const string ClipFamily = "clip";
    private const int MaxTexts = 256;
    private const int MaxItems = 64;

    private readonly ModelHost<RetrievalScorer>? _retrieval = services.GetService<ModelHost<RetrievalScorer>>();

    public override async Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context)
    {
        var generation = new GenerationOptions
        {
            MaxNewTokens = Require.Range("max_new_tokens", request.HasMaxNewTokens ? request.MaxNewTokens : 30, 1, 256),
            NumBeams = Require.Range("num_beams", request.HasNumBeams ? request.NumBeams : 1, 1, 16),
            LengthPenalty = Require.Range("length_penalty", request.HasLengthPenalty ? request.LengthPenalty : 1, -5, 5),
            RepetitionPenalty = Require.Range("repetition_penalty", request.HasRepetitionPenalty ? request.RepetitionPenalty : 1, 0.1f, 10),
        };
        var prompt = Require.OptionalText("prompt", request.Prompt);
        using var pictures = new RequestPictures(("image", request.Image));
        var timings = new StageTimings();

        var (found, family) = await captioner.RunAsync(pictures.Read, (model, read, token) =>
        {
            timings.Add("decode", read.ReadTime);
            timings.Restart();
            var described = read.Use(all => model.Describe(all[0], prompt, generation, token));
            timings.Mark("caption");
            return (described, model.Family);
        }, context.CancellationToken);

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

        var (embedded, family) = preset == TextEncoderPreset.Paper
            ? await Retrieval().RunAsync((model, token) => (model.EmbedText(request.Texts, token), model.Family), context.CancellationToken)
            : await clip.RunAsync((model, token) => (model.EmbedText(request.Texts, token), ClipFamily), context.CancellationToken);

        for (var i = 0; i < embedded.Readings.Count; i++)
            FiniteReward.CheckEmbedding(embedded.Rows.AsSpan(i * embedded.Dimension, embedded.Dimension), $"texts[{i}]");
        var response = new EmbedTextResponse
        {
            Embeddings = TensorWriter.Singles(embedded.Rows, request.Texts.Count, embedded.Dimension),
            Preset = preset,
            Model = Model(family),
        };
        response.Texts.AddRange(embedded.Readings.Select(reading => new TextReport { NumTokens = reading.NumTokens, Truncated = reading.Truncated }));
        return response;
    }

    public override async Task<ScorePromptResponse> ScorePrompt(ScorePromptRequest request, ServerCallContext context)
    {
        var method = Require.Known("method", request.Method);
        Require.Count("items", request.Items.Count, 1, MaxItems);
        var gradientType = GradientType(request.Gradient);
        if (method is ScoreMethod.Itc or ScoreMethod.Itm)
            _ = Retrieval();
        for (var i = 0; i < request.Items.Count; i++)
            _ = Require.Text($"items[{i}].prompt", request.Items[i].Prompt);
        using var pictures = new RequestPictures([.. request.Items.Select((item, index) => ($"items[{index}].image", (Image?)item.Image))]);
        if (gradientType is { } type)
            CheckAnswerSize(pictures.Area(), type);
        var timings = new StageTimings();

        var (scored, family) = await Score(method, request, pictures, gradientType is not null, timings, context.CancellationToken);

        var response = new ScorePromptResponse { Model = Model(family) };
        response.Scores.AddRange(scored.Select((score, index) => Map(score, pictures.All[index], gradientType, method, index)));
        response.Timings.AddRange(timings.ToMessages());
        return response;
    }

    private Task<(IReadOnlyList<ScoredPair> Pairs, string Family)> Score(
        ScoreMethod method, ScorePromptRequest request, RequestPictures pictures, bool gradient, StageTimings timings, CancellationToken cancellationToken)
    {
        return method switch
        {
            ScoreMethod.Clip => Run(clip, (model, pairs, token) => (model.Score(pairs, gradient, token), ClipFamily)),
            ScoreMethod.Itc => Run(Retrieval(), (model, pairs, token) => (model.ScoreContrastive(pairs, gradient, token), model.Family)),
            ScoreMethod.Itm => Run(Retrieval(), (model, pairs, token) => (model.ScoreMatching(pairs, gradient, token), model.Family)),
            _ => Run(captioner, (model, pairs, token) => (model.ScoreLikelihood(pairs, gradient, token), model.Family)),
        };

        Task<(IReadOnlyList<ScoredPair> Pairs, string Family)> Run<TModel>(
            ModelHost<TModel> host, Func<TModel, List<PicturePrompt>, CancellationToken, (IReadOnlyList<ScoredPair>, string)> score)
            where TModel : class => host.RunAsync(pictures.Read, (model, read, token) =>
            {
                timings.Add("decode", read.ReadTime);
                timings.Restart();
                var result = read.Use(all => score(model, [.. all.Zip(request.Items, (picture, item) => new PicturePrompt(picture, item.Prompt))], token));
                timings.Mark("score");
                return result;
            }, cancellationToken);
    }

    private ModelHost<RetrievalScorer> Retrieval() => _retrieval
        ?? throw new FailedPreconditionException("no retrieval checkpoint is loaded", "set Captioner:Retrieval to the folder of a BLIP or BLIP-2 retrieval model, or use CLIP or LIKELIHOOD");

    private static DataType? GradientType(GradientOptions? gradient) => gradient?.DataType switch
    {
        null => null,
        DataType.Unspecified or DataType.Float32 => DataType.Float32,
        DataType.Float16 => DataType.Float16,
        var other => throw new InvalidInputException("gradient.data_type", other.Value.ToString(), "gradients are FLOAT32 or FLOAT16", "use one of them"),
    };

    private void CheckAnswerSize(long pixels, DataType gradientType)
    {
        var bytes = pixels * 3 * (gradientType == DataType.Float32 ? 4 : 2);
        // what is not gradient takes well below a megabyte
        if (bytes > (hosting.Value.MaxMessageMegabytes - 1L) << 20)
        {
            throw new InvalidInputException("gradient", $"{bytes >> 20} MiB of gradients", $"an answer holds at most {hosting.Value.MaxMessageMegabytes} MiB",
                "split the call, use FLOAT16, or raise Hosting:MaxMessageMegabytes");
        }
    }

    private static PromptScore Map(ScoredPair scored, Picture picture, DataType? gradientType, ScoreMethod method, int index)
    {
        var name = (method == ScoreMethod.Unspecified ? ScoreMethod.Likelihood : method).ToString().ToUpperInvariant();
        FiniteReward.Check(name, scored.Score, $"items[{index}]");
        FiniteReward.CheckGradient(name, scored.Gradient, $"items[{index}]");
        var score = new PromptScore
        {
            Score = scored.Score,
            NumTokens = scored.NumTokens,
            NumTokensRead = scored.Prompt.NumTokens,
            TruncatedPrompt = scored.Prompt.Truncated,
        };
        if (scored.Gradient is { } gradient)
            score.Gradient = TensorWriter.Of(gradientType ?? DataType.Float32, gradient, 3, picture.Height, picture.Width);
        return score;
    }

    private ModelInfo Model(string family) => new() { Family = family, Name = options.Value.Name };
}
