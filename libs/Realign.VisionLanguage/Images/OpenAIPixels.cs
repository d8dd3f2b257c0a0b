namespace Realign.VisionLanguage.Images;

/// <summary>Statistics of the pictures that OpenAI's CLIP was trained on (openai/CLIP, <c>clip.py</c>), in [0, 1]; OpenCLIP and BLIP took them over.</summary>
internal static class OpenAIPixels
{
    /// <summary>Mean of red, green, blue.</summary>
    public static IReadOnlyList<double> Mean { get; } = [0.48145466, 0.4578275, 0.40821073];

    /// <summary>Their standard deviations.</summary>
    public static IReadOnlyList<double> Std { get; } = [0.26862954, 0.26130258, 0.27577711];
}
