using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.VisionLanguage.Scoring;

namespace Realign.Captioner;

/// <summary>Settings of the Captioner. Relative model names are looked up in the models folder.</summary>
public sealed class CaptionerOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Captioner";

    /// <summary>Folder of a captioner: BLIP-2 with OPT or T5 (Blip2ForConditionalGeneration), or BLIP (BlipForConditionalGeneration).</summary>
    /// <value>miniature/captioner.</value>
    [Required]
    public string Model { get; set; } = "miniature/captioner";

    /// <summary>Folder of a CLIPModel: text encoder preset OFFICIAL_CODE and score CLIP.</summary>
    /// <value>miniature/clip.</value>
    [Required]
    public string Clip { get; set; } = "miniature/clip";

    /// <summary>Folder of a retrieval model (Blip2ForImageTextRetrieval or BlipForImageTextRetrieval): text encoder preset PAPER, scores ITC and ITM.</summary>
    /// <value>Empty: none is loaded.</value>
    public string Retrieval { get; set; } = "";

    /// <summary>HPS v2 or v2.1: a <c>.safetensors</c> file in OpenCLIP's layout, its folder, or a CLIPModel folder: score HPS.</summary>
    /// <value>Empty: none is loaded.</value>
    public string HpsV2 { get; set; } = "";

    /// <summary>Folder of PickScore v1, a CLIPModel: score PICK_SCORE.</summary>
    /// <value>Empty: none is loaded.</value>
    public string PickScore { get; set; } = "";

    /// <summary>
    /// Folder of ImageReward v1.0 (<c>ImageReward.safetensors</c>, <c>med_config.json</c>, tokenizer files), or the weights in it: score IMAGE_REWARD.
    /// </summary>
    /// <value>Empty: none is loaded.</value>
    public string ImageReward { get; set; } = "";

    /// <summary>LAION's aesthetic predictor, a <c>.safetensors</c> file or its folder; it reads the features of <see cref="Clip"/>: score AESTHETIC.</summary>
    /// <value>Empty: none is loaded.</value>
    public string Aesthetic { get; set; } = "";

    /// <summary>Every model that is set.</summary>
    internal IEnumerable<string> Models => new[] { Model, Clip, Retrieval, HpsV2, PickScore, ImageReward, Aesthetic }.Where(name => name.Length > 0);

    /// <summary>Name in answers.</summary>
    /// <value>miniature.</value>
    [Required]
    public string Name { get; set; } = "miniature";

    /// <summary>cpu, cuda or cuda:N.</summary>
    /// <value>cpu.</value>
    [Required, RegularExpression("cpu|cuda(:[0-9]{1,2})?")]
    public string Device { get; set; } = "cpu";

    /// <summary>float32, float16 or bfloat16.</summary>
    /// <value>float32.</value>
    [Required, RegularExpression("float32|float16|bfloat16")]
    public string DType { get; set; } = "float32";

    /// <summary>Threads of one operator; 0 = one for models of less than 64 MiB, all cores for larger ones.</summary>
    /// <value>0.</value>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>
    /// Most pairs of picture and prompt that a model scores in one pass: those of calls that wait at the same time are put together. 1 = each call alone.
    /// </summary>
    /// <value>8.</value>
    [Range(1, PairBatch.MaxPairs)]
    public int MaxBatch { get; set; } = PairBatch.MaxPairs;

    /// <summary>Calls that may wait per model.</summary>
    /// <value>16.</value>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 16;
}

[OptionsValidator]
internal sealed partial class CaptionerOptionsValidator : IValidateOptions<CaptionerOptions>;
