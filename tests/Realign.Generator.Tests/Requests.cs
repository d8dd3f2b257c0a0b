using Realign.Core.Images;
using Realign.V1;

namespace Realign.Generator.Tests;

/// <summary>Requests of the tests.</summary>
internal static class Requests
{
    public const string Prompt = "a red car and a green apple";

    public static GenerateRequest Plain(Action<GenerateRequest>? change = null)
    {
        var request = new GenerateRequest { Prompt = Prompt, Seed = 7, NumInferenceSteps = 6 };
        change?.Invoke(request);
        return request;
    }

    public static GenerateRequest Fine(params Segment[] segments) => Plain(request =>
    {
        request.Modulation = new Modulation();
        request.Modulation.Segments.AddRange(segments);
    });

    public static Segment Left(string phrase, float score = 2) => Segment(phrase, score, (x, _) => x < 32);

    public static Segment Right(string phrase, float score = 2) => Segment(phrase, score, (x, _) => x >= 32);

    public static Segment Segment(string phrase, float score, Func<int, int, bool> covers, int side = 64)
    {
        var cells = new byte[side * side];
        for (var i = 0; i < cells.Length; i++)
            cells[i] = covers(i % side, i / side) ? (byte)1 : (byte)0;
        var mask = new Mask { Width = side, Height = side };
        mask.Counts.AddRange(RunLengthEncoding.Encode(new BinaryMask(side, side, cells)));
        return new Segment { Phrase = phrase, Score = score, Mask = mask };
    }
}
