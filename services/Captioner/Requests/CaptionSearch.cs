using Realign.V1;
using Realign.VisionLanguage.Generation;
using Realign.Wire.Requests;

namespace Realign.Captioner.Requests;

/// <summary>How a caption is to be searched for.</summary>
internal static class CaptionSearch
{
    public static GenerationOptions Read(CaptionRequest request) => new()
    {
        MaxNewTokens = Require.Range("max_new_tokens", request.HasMaxNewTokens ? request.MaxNewTokens : 30, 1, 256),
        NumBeams = Require.Range("num_beams", request.HasNumBeams ? request.NumBeams : 1, 1, 16),
        LengthPenalty = Require.Range("length_penalty", request.HasLengthPenalty ? request.LengthPenalty : 1, -5, 5),
        RepetitionPenalty = Require.Range("repetition_penalty", request.HasRepetitionPenalty ? request.RepetitionPenalty : 1, 0.1f, 10),
    };
}
