using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Realign.Onnx;

namespace Realign.Tagger;

/// <summary>Settings of the Tagger.</summary>
public sealed class TaggerOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Tagger";

    /// <summary>Folder with one graph and its tag list, or the graph; relative names are looked up in the models folder.</summary>
    /// <value>miniature/tagger.</value>
    [Required]
    public string Model { get; set; } = "miniature/tagger";

    /// <summary>Name in answers.</summary>
    /// <value>miniature.</value>
    [Required]
    public string Name { get; set; } = "miniature";

    /// <summary>One threshold for all tags, 0..1 exclusive, instead of the list's own.</summary>
    /// <value>Not set: the list's own.</value>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double? Threshold { get; set; }

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
internal sealed partial class TaggerOptionsValidator : IValidateOptions<TaggerOptions>;
