using Grpc.Core;
using Realign.V1;

namespace Realign.LoadBenchmark.Simulated;

internal sealed class SimulatedTagger : TaggerService.TaggerServiceBase
{
    public override Task<TagResponse> Tag(TagRequest request, ServerCallContext context) =>
        Task.FromResult(new TagResponse { Tags = { new Tag { Name = "car", Groundable = true, Probability = 0.9f } } });
}

internal sealed class SimulatedCaptioner : CaptionerService.CaptionerServiceBase
{
    public override Task<CaptionResponse> Caption(CaptionRequest request, ServerCallContext context) =>
        Task.FromResult(new CaptionResponse { Caption = "a car" });

    public override Task<ScorePromptResponse> ScorePrompt(ScorePromptRequest request, ServerCallContext context) =>
        Task.FromResult(new ScorePromptResponse { Scores = { request.Items.Select(_ => new PromptScore { Score = -1 }) } });
}

internal sealed class SimulatedSceneScorer : SceneScorerService.SceneScorerServiceBase
{
    public override Task<ScoreSceneResponse> ScoreScene(ScoreSceneRequest request, ServerCallContext context) => Task.FromResult(new ScoreSceneResponse
    {
        Entries =
        {
            request.Tags.Select(tag => new SceneEntry
            {
                Tag = tag,
                Score = 2,
                Phrase = $"a red {tag}",
                Source = EntrySource.Tag,
                Noun = tag,
                Attributes = { "red" },
                Instance = 1,
                Origin = AnswerOrigin.Model,
            }),
        },
    });

    public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) =>
        Task.FromResult(new ExtractEntitiesResponse());
}

internal sealed class SimulatedSegmenter : SegmenterService.SegmenterServiceBase
{
    public override Task<SegmentResponse> Segment(SegmentRequest request, ServerCallContext context)
    {
        var mask = new Mask { Width = 4, Height = 4, Counts = { 5, 1, 10 } };
        return Task.FromResult(new SegmentResponse
        {
            Phrases =
            {
                request.Phrases.Select(phrase => new GroundedPhrase
                {
                    Phrase = phrase,
                    Mask = mask,
                    Detections = { new Detection { Mask = mask, Score = 0.8f } },
                }),
            },
        });
    }
}
