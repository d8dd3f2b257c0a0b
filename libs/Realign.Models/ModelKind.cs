namespace Realign.Models;

/// <summary>Families that <see cref="ModelInspector"/> tells apart.</summary>
public enum ModelKind
{
    /// <summary>None of the others.</summary>
    Unknown,

    /// <summary>A whole Stable Diffusion 1.x, 2.x or XL snapshot.</summary>
    StableDiffusion,

    /// <summary>One part of such a snapshot.</summary>
    DiffusionComponent,

    /// <summary>An adapter of Stable Diffusion: LoRA, LoCon, DoRA, LoHa, LoKr, whole differences, norms.</summary>
    Adapter,

    /// <summary>An embedding (textual inversion).</summary>
    TextualInversion,

    /// <summary>CLIP, both towers.</summary>
    Clip,

    /// <summary>A BLIP-2 captioner or retrieval model.</summary>
    Blip2,

    /// <summary>A BLIP captioner or retrieval model.</summary>
    Blip,

    /// <summary>ImageReward.</summary>
    ImageReward,

    /// <summary>CLIP in one file of OpenCLIP's layout, as HPS v2 is published.</summary>
    OpenClip,

    /// <summary>LAION's aesthetic predictor.</summary>
    AestheticPredictor,

    /// <summary>A RAM, RAM++ or Tag2Text graph.</summary>
    Tagger,

    /// <summary>A Grounding DINO graph.</summary>
    GroundingDino,

    /// <summary>A pair of Segment Anything graphs.</summary>
    Sam,

    /// <summary>Some other graph.</summary>
    OnnxGraph,

    /// <summary>A language model for llama.cpp.</summary>
    Gguf,
}
