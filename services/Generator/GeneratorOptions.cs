using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Realign.Generator;

/// <summary>Settings of the Generator.</summary>
public sealed class GeneratorOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "Generator";

    /// <summary>
    /// Folder of a Stable Diffusion snapshot, or a whole checkpoint as one .safetensors file; relative names are looked up in the models folder.
    /// </summary>
    /// <value>miniature/generator.</value>
    [Required]
    public string Model { get; set; } = "miniature/generator";

    /// <summary>Variant of the weight files, e.g. fp16.</summary>
    /// <value>Empty: the plain files.</value>
    public string Variant { get; set; } = "";

    /// <summary>Folder with the adapters that calls may name, in sub-folders too; relative names are looked up in the models folder.</summary>
    /// <value>Empty: none are offered.</value>
    public string Adapters { get; set; } = "";

    /// <summary>
    /// Memory that adapters keep between calls, with the weights that kinds other than LoRA make of the model's. What one call needs it gets.
    /// </summary>
    /// <value>2048.</value>
    [Range(0, 1 << 20)]
    public int AdapterMemoryMegabytes { get; set; } = 2048;

    /// <summary>
    /// Folder with the embeddings (textual inversion) that calls may name, in it and in folders below it; relative names are looked up in the models folder.
    /// </summary>
    /// <value>Empty: none are offered.</value>
    public string Embeddings { get; set; } = "";

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

    /// <summary>
    /// Threads of one operator. 0 = all cores for models of 64 MiB and more; for smaller ones a single thread, and the two halves of a guided step run at
    /// once if there are more cores.
    /// </summary>
    /// <value>0.</value>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>Calls that may wait.</summary>
    /// <value>16.</value>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 16;

    /// <summary>Steps of a call that names none, instead of the model's own number.</summary>
    /// <value>Unset: what the model's folder says (realign.json), else what its family is used with.</value>
    [Range(1, 1000)]
    public int? DefaultSteps { get; set; }

    /// <summary>Guidance scale of a call that names none, instead of the model's own.</summary>
    /// <value>Unset: what the model's folder says (realign.json), else what its family is used with.</value>
    [Range(0.0, 50.0)]
    public double? DefaultGuidanceScale { get; set; }

    /// <summary>Most pixels of one call, all its images together.</summary>
    /// <value>
    /// Unset: four images of 1024x1024 (4,194,304), less where the loaded model would take more than half of the memory that is there at the
    /// start. The log says what came out.
    /// </value>
    [Range(4096, 1L << 30)]
    public long? MaxPixels { get; set; }
}

[OptionsValidator]
internal sealed partial class GeneratorOptionsValidator : IValidateOptions<GeneratorOptions>;
