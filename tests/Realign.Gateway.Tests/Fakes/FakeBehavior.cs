using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Realign.V1;

namespace Realign.Gateway.Tests.Fakes;

/// <summary>What the servers of a <see cref="FakeMesh"/> answer; every part can be replaced by a test.</summary>
internal sealed class FakeBehavior
{
    public static readonly ByteString CoarsePng = ByteString.CopyFromUtf8("coarse image");
    public static readonly ByteString RefinedPng = ByteString.CopyFromUtf8("refined image");

    private readonly ConcurrentDictionary<Enum, TaskCompletionSource> _cancelled = new();
    private readonly ConcurrentDictionary<Enum, TaskCompletionSource> _entered = new();
    private readonly ConcurrentDictionary<Enum, TaskCompletionSource> _waiting = new();
    private readonly ConcurrentDictionary<Stage, int> _calls = new();
    private readonly ConcurrentDictionary<ByteString, IReadOnlyList<string>> _segmented = new();

    /// <summary>Stages that never answer, only wait for their caller to leave.</summary>
    public HashSet<Stage> Hanging { get; } = [];

    /// <summary>Statuses that stages fail with, one per call; a stage without any succeeds.</summary>
    public ConcurrentDictionary<Stage, ConcurrentQueue<Status>> Failing { get; } = new();

    /// <summary>Like <see cref="Failing"/>, for a Generator that has already sent everything but its result.</summary>
    public ConcurrentDictionary<Stage, ConcurrentQueue<Status>> AfterFirstMessage { get; } = new();

    /// <summary>Readers of VERIFY that never answer, only wait for their caller to leave.</summary>
    public HashSet<Reader> HangingReaders { get; } = [];

    /// <summary>Readers of VERIFY that fail.</summary>
    public Dictionary<Reader, Status> FailingReaders { get; } = [];

    public ConcurrentQueue<GenerateRequest> Generated { get; } = new();

    /// <summary>Told which Generator draws what, from 0, before it does.</summary>
    public Action<int, GenerateRequest> Drawing { get; set; } = (_, _) => { };

    /// <summary>Images that are never drawn: the Generator only waits for its caller to leave.</summary>
    public Func<GenerateRequest, bool> HangIf { get; set; } = _ => false;

    public Func<ExtractEntitiesRequest, ExtractEntitiesResponse> Entities { get; set; } = _ =>
        new ExtractEntitiesResponse { Entities = { Seen.Entity("car", "red") } };

    public Func<GenerateRequest, IEnumerable<GenerateResponse>> Generate { get; set; } = request =>
    [
        new GenerateResponse { Progress = new GenerateProgress { Step = 1, TotalSteps = 1 } },
        new GenerateResponse { Result = ResultOf(request) },
    ];

    public Func<ListAdaptersResponse> Adapters { get; set; } = () => new ListAdaptersResponse();

    public Func<TagRequest, TagResponse> Tag { get; set; } = _ =>
        new TagResponse { Tags = { new Tag { Name = "car", Groundable = true, Probability = 0.9f } } };

    public Func<CaptionRequest, CaptionResponse> Caption { get; set; } = _ => new CaptionResponse { Caption = "a car" };

    public Func<ScoreSceneRequest, ScoreSceneResponse> ScoreScene { get; set; } = request => new ScoreSceneResponse
    {
        Entries = { request.Tags.Select(tag => Entry(tag, $"a red {tag}", attributes: "red")) },
    };

    public Func<SegmentRequest, SegmentResponse> Segment { get; set; } = request => new SegmentResponse
    {
        Phrases = { request.Phrases.Select(phrase => Grounded(phrase, MaskOf(4, 4, 5, 6))) },
    };

    /// <summary>What VERIFY is answered; null = what SEGMENT is.</summary>
    public Func<SegmentRequest, SegmentResponse>? Ground { get; set; }

    public Func<EmbedTextRequest, EmbedTextResponse> EmbedText { get; set; } = _ => throw new RpcException(new Status(StatusCode.Unimplemented, ""));

    public Func<ScorePromptRequest, ScorePromptResponse> ScorePrompt { get; set; } = request => new ScorePromptResponse
    {
        Scores = { request.Items.Select(_ => new PromptScore { Score = -1 }) },
    };

    public int Calls(Stage stage) => _calls.GetValueOrDefault(stage);

    /// <summary>Ends when a stage, or a reader of VERIFY, was asked.</summary>
    public Task Entered(Enum stage) => _entered.GetOrAdd(stage, _ => New()).Task;

    /// <summary>Ends when one began to hang.</summary>
    public Task Waiting(Enum stage) => _waiting.GetOrAdd(stage, _ => New()).Task;

    /// <summary>Ends when one that hangs noticed that its caller left.</summary>
    public Task Cancelled(Enum stage) => _cancelled.GetOrAdd(stage, _ => New()).Task;

    public void Fail(Stage stage, StatusCode code, string detail, int times = 1)
    {
        for (var i = 0; i < times; i++)
            Failing.GetOrAdd(stage, _ => new ConcurrentQueue<Status>()).Enqueue(new Status(code, detail));
    }

    public Task<T> RunAsync<T>(Stage stage, ServerCallContext context, Func<T> answer)
    {
        _ = _calls.AddOrUpdate(stage, 1, (_, count) => count + 1);
        return RunAsync(stage, context, answer, Failing);
    }

    /// <summary>Answers VERIFY.</summary>
    public async Task<T> ReadAsync<T>(Reader reader, ServerCallContext context, Func<T> answer)
    {
        _ = _entered.GetOrAdd(reader, _ => New()).TrySetResult();
        if (FailingReaders.TryGetValue(reader, out var status))
            throw new RpcException(status);
        if (HangingReaders.Contains(reader))
            await WaitAsync(reader, context.CancellationToken);
        return answer();
    }

    /// <summary>Whether SEGMENT asks, and not VERIFY: it is the first to ask for places in a coarse image, and VERIFY never asks for the same ones.</summary>
    public bool IsOfSegment(SegmentRequest request) =>
        IsCoarse(request.Image) && _segmented.GetOrAdd(request.Image.Encoded, [.. request.Phrases]).SequenceEqual(request.Phrases);

    public static bool IsCoarse(Image image) => image.Encoded.ToStringUtf8().StartsWith(CoarsePng.ToStringUtf8(), StringComparison.Ordinal);

    public async Task<T> RunAsync<T>(Stage stage, ServerCallContext context, Func<T> answer, ConcurrentDictionary<Stage, ConcurrentQueue<Status>> failing)
    {
        _ = _entered.GetOrAdd(stage, _ => New()).TrySetResult();
        if (failing.TryGetValue(stage, out var failures) && failures.TryDequeue(out var status))
            throw new RpcException(status);
        if (Hanging.Contains(stage))
            await WaitAsync(stage, context.CancellationToken);
        return answer();
    }

    /// <summary>Waits for the caller to leave.</summary>
    public async Task WaitAsync(Enum stage, CancellationToken cancellationToken)
    {
        _ = _waiting.GetOrAdd(stage, _ => New()).TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        finally
        {
            _ = _cancelled.GetOrAdd(stage, _ => New()).TrySetResult();
        }
    }

    public static GenerateResult ResultOf(GenerateRequest request) => new()
    {
        Images = { new GeneratedImage { Png = request.Modulation is null ? CoarsePng : RefinedPng, Seed = request.HasSeed ? request.Seed : 4711 } },
        Segments = { (request.Modulation?.Segments ?? []).Select(segment => new SegmentReport { Phrase = segment.Phrase, TokenIndices = { 1 }, Area = 0.2f }) },
    };

    public static GroundedPhrase Grounded(string phrase, params Mask[] masks)
    {
        var grounded = new GroundedPhrase { Phrase = phrase, Mask = masks.FirstOrDefault() };
        grounded.Detections.AddRange(masks.Select(mask => new Detection { Mask = mask, Score = 0.8f, Box = new Box { X1 = mask.Width, Y1 = mask.Height } }));
        return grounded;
    }

    public static SceneEntry Entry(
        string tag, string phrase, int instance = 1, int count = 0, bool plural = false, float score = 2, params string[] attributes) => new()
        {
            Tag = tag,
            Score = score,
            Phrase = phrase,
            Source = EntrySource.Tag,
            Noun = tag,
            Attributes = { attributes },
            Count = count,
            Instance = instance,
            Plural = plural,
            Origin = AnswerOrigin.Model,
        };

    /// <summary>A detection whose box and mask are columns from..to (exclusive) of a picture of 10 x 4.</summary>
    public static Detection Column(int from, int to, float score) => new()
    {
        Box = new Box { X0 = from, Y0 = 0, X1 = to, Y1 = 4 },
        Mask = MaskOf(10, 4, from * 4, to * 4),
        Score = score,
    };

    /// <summary>A mask with pixels from..to (exclusive, down the columns) set.</summary>
    public static Mask MaskOf(int width, int height, int from, int to) =>
        new() { Width = width, Height = height, Counts = { (uint)from, (uint)(to - from), (uint)((width * height) - to) } };

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
