using Realign.V1;

namespace Realign.Gateway.Verifying;

/// <summary>What the flow has already read in an image, so that it is not asked again.</summary>
/// <param name="Tags">Answer of TAG.</param>
/// <param name="Places">Answer of SEGMENT to each phrase that it looked for; empty when it looked for none.</param>
/// <param name="ColorNames">The colors that SEGMENT names inside masks; empty when it names none.</param>
/// <param name="Caption">Ends with the answer of CAPTION, or with null when it failed. It may hang: it is waited for as long as VERIFY has time.</param>
internal sealed record KnownAnswers(
    TagResponse Tags, IReadOnlyDictionary<string, GroundedPhrase> Places, IReadOnlyList<string> ColorNames, Task<CaptionResponse?> Caption);
