using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Rewards;
using Realign.V1;
using Realign.VisionLanguage.Scoring;
using Realign.Wire.Images;
using Realign.Wire.Requests;
using Realign.Wire.Tensors;

namespace Realign.Captioner.Requests;

/// <summary>A checked ScorePrompt request. Its pictures are not decoded yet: their sizes come from the headers of the files.</summary>
internal sealed class ScoreCall : IDisposable
{
    private const int MaxItems = 64;

    private readonly IReadOnlyList<ScoreItem> _items;
    private readonly DataType? _gradient;

    private ScoreCall(ScoreMethod method, DataType? gradient, IReadOnlyList<ScoreItem> items)
    {
        Method = method;
        _gradient = gradient;
        _items = items;
        Pictures = new RequestPictures([.. items.Select((item, index) => ($"items[{index}].image", (Image?)item.Image))]);
    }

    /// <summary>What to measure, never UNSPECIFIED.</summary>
    public ScoreMethod Method { get; }

    /// <summary>Whether gradients are wanted.</summary>
    public bool WithGradient => _gradient is not null;

    /// <summary>The pictures, in order.</summary>
    public RequestPictures Pictures { get; }

    /// <summary>Checks all that can be known without decoding.</summary>
    /// <param name="request">The request.</param>
    /// <param name="maxMessageMegabytes">Largest answer.</param>
    /// <exception cref="InvalidInputException">A field cannot be used, or the pictures or their gradients are too large together.</exception>
    public static ScoreCall Read(ScorePromptRequest request, int maxMessageMegabytes)
    {
        var method = Require.Known("method", request.Method);
        Require.Count("items", request.Items.Count, 1, MaxItems);
        for (var i = 0; i < request.Items.Count; i++)
        {
            _ = method == ScoreMethod.Aesthetic
                ? Require.OptionalText($"items[{i}].prompt", request.Items[i].Prompt)
                : Require.Text($"items[{i}].prompt", request.Items[i].Prompt);
        }

        var call = new ScoreCall(method == ScoreMethod.Unspecified ? ScoreMethod.Likelihood : method, GradientType(request.Gradient), request.Items);
        call.CheckAnswer(call.Pictures.Area(), maxMessageMegabytes);
        return call;
    }

    /// <summary>Pictures that were read, with their prompts.</summary>
    public IReadOnlyList<PicturePrompt> Pairs(IReadOnlyList<Picture> pictures) =>
        [.. pictures.Zip(_items, (picture, item) => new PicturePrompt(picture, item.Prompt))];

    /// <summary>The answer for one pair.</summary>
    /// <param name="scored">Its score.</param>
    /// <param name="index">Its position.</param>
    /// <exception cref="FailedPreconditionException">The score or the gradient is not finite; the item is named.</exception>
    public PromptScore Answer(ScoredPair scored, int index)
    {
        var (name, field) = (ProtoNames.Short(Method), $"items[{index}]");
        FiniteReward.Check(name, scored.Score, field);
        var score = new PromptScore
        {
            Score = scored.Score,
            NumTokens = scored.NumTokens,
            NumTokensRead = scored.Prompt.NumTokens,
            TruncatedPrompt = scored.Prompt.Truncated,
        };
        if (_gradient is { } type)
        {
            FiniteReward.CheckGradient(name, scored.Gradient, field);
            score.Gradient = TensorWriter.Of(type, scored.Gradient, 3, Pictures.All[index].Height, Pictures.All[index].Width);
        }

        return score;
    }

    public void Dispose() => Pictures.Dispose();

    private void CheckAnswer(long pixels, int maxMessageMegabytes)
    {
        if (_gradient is not { } type)
            return;
        var bytes = pixels * 3 * (type == DataType.Float32 ? sizeof(float) : sizeof(short));
        // what is not gradient takes well below a megabyte
        if (bytes > (maxMessageMegabytes - 1L) << 20)
        {
            throw new InvalidInputException("gradient", $"{bytes >> 20} MiB of gradients", $"an answer holds at most {maxMessageMegabytes} MiB",
                "split the call, use FLOAT16, or raise Hosting:MaxMessageMegabytes");
        }
    }

    private static DataType? GradientType(GradientOptions? gradient) => gradient?.DataType switch
    {
        null => null,
        DataType.Unspecified or DataType.Float32 => DataType.Float32,
        DataType.Float16 => DataType.Float16,
        var other => throw new InvalidInputException("gradient.data_type", other.Value.ToString(), "gradients are FLOAT32 or FLOAT16", "use one of them"),
    };
}
