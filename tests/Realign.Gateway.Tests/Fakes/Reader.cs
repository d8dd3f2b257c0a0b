namespace Realign.Gateway.Tests.Fakes;

/// <summary>Whom VERIFY asks, and what for.</summary>
public enum Reader
{
    /// <summary>The scene scorer, for what the prompt demands.</summary>
    Demand,

    /// <summary>The tagger, for a refined image.</summary>
    Tagger,

    /// <summary>The segmenter, for what SEGMENT did not look for.</summary>
    Segmenter,

    /// <summary>The captioner, for the caption of a refined image.</summary>
    Caption,

    /// <summary>The captioner, for the likelihood of the prompt.</summary>
    Likelihood,
}
