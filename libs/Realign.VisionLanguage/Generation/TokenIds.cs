using System.Globalization;
using Realign.Core.Errors;

namespace Realign.VisionLanguage.Generation;

/// <summary>Checks ids before they index a table: outside of it the native code must not be reached.</summary>
internal static class TokenIds
{
    public static void Check(IEnumerable<int> ids, int vocabSize)
    {
        foreach (var id in ids)
        {
            if (id < 0 || id >= vocabSize)
            {
                throw new InvalidInputException("token id", id.ToString(CultureInfo.InvariantCulture), $"outside the vocabulary of {vocabSize}",
                    "use the tokenizer that belongs to the model");
            }
        }
    }

    public static void Check(TokenBatch texts, int vocabSize, int positions)
    {
        CheckRoom((int)texts.Ids.shape[1], positions);
        Check([(int)texts.Ids.min().item<long>(), (int)texts.Ids.max().item<long>()], vocabSize);
    }

    public static void CheckRoom(int needed, int positions)
    {
        if (needed > positions)
        {
            throw new InvalidInputException("prompt", $"{needed} tokens with the image", $"the model reads at most {positions}", "shorten the text");
        }
    }
}
