using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>What the readers say of one image. Null = that reader was not asked, could not be, or its answer was unusable.</summary>
/// <param name="Tags">Names of the tags.</param>
/// <param name="Phrases">What the segmenter was to find.</param>
/// <param name="Grounded">Its answers, one per phrase, in order.</param>
/// <param name="ColorNames">The colors that the segmenter names inside masks; empty when it names none.</param>
/// <param name="Caption">The caption.</param>
/// <param name="LogLikelihood">Mean log-likelihood of the prompt per token, in nats, at most 0.</param>
/// <param name="Unread">The readers that could not be asked or whose answer was unusable, and why.</param>
internal sealed record PictureReading(
    IReadOnlyList<string>? Tags,
    IReadOnlyList<string> Phrases,
    IReadOnlyList<GroundedPhrase>? Grounded,
    IReadOnlyList<string> ColorNames,
    string? Caption,
    float? LogLikelihood,
    IReadOnlyList<string> Unread);
