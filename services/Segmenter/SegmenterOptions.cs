using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Onnx;

namespace Realign.Segmenter;

/// <summary>Settings of the Segmenter.</summary>
public sealed class SegmenterOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Segmenter";

    /// <summary>Snapshot folder of Grounding DINO; relative names are looked up in the models folder.</summary>
    /// <value>miniature/segmenter/dino.</value>
    [Required]
    public string Detector { get; set; } = "miniature/segmenter/dino";

    /// <summary>Snapshot folder of SAM.</summary>
    /// <value>miniature/segmenter/sam.</value>
    [Required]
    public string MaskModel { get; set; } = "miniature/segmenter/sam";

    /// <summary>Name in answers.</summary>
    /// <value>miniature.</value>
    [Required]
    public string Name { get; set; } = "miniature";

    /// <summary>Smallest score of a box when the request names none, 0..1 exclusive.</summary>
    /// <value>0.25.</value>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double BoxThreshold { get; set; } = 0.25;

    /// <summary>Overlap above which boxes are one when the request names none, 0..1.</summary>
    /// <value>0.5.</value>
    [Range(0.0, 1.0)]
    public double NmsThreshold { get; set; } = 0.5;

    /// <summary>Largest number of boxes of a phrase when the request names none.</summary>
    /// <value>64.</value>
    [Range(1, 256)]
    public int MaxDetections { get; set; } = 64;

    /// <summary>Threads of one operator; 0 = all cores.</summary>
    /// <value>0.</value>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>Calls that may wait.</summary>
    /// <value>16.</value>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 16;

    /// <summary>Cpu or Cuda.</summary>
    /// <value>Cpu.</value>
    [EnumDataType(typeof(OnnxDevice))]
    public OnnxDevice Device { get; set; } = OnnxDevice.Cpu;
}

[OptionsValidator]
internal sealed partial class SegmenterOptionsValidator : IValidateOptions<SegmenterOptions>;
