using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Realign.SceneScorer;

/// <summary>Settings of the scene scorer.</summary>
public sealed class SceneScorerOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "SceneScorer";

    /// <summary>GGUF file: a full path, or a name below the models folder.</summary>
    /// <value>miniature/scene-scorer/model-f16.gguf.</value>
    [Required]
    public string Model { get; set; } = "miniature/scene-scorer/model-f16.gguf";

    /// <summary>Name of the model in answers.</summary>
    /// <value>miniature.</value>
    [Required]
    public string Name { get; set; } = "miniature";

    /// <summary>cpu or cuda; cuda needs a build with -p:Accelerator=cuda.</summary>
    /// <value>cpu.</value>
    [Required, RegularExpression("cpu|cuda")]
    public string Device { get; set; } = "cpu";

    /// <summary>vicuna, llama2, llama3, chatml, gemma or gemma3: the chat format of a model whose file names none.</summary>
    /// <value>Empty: the file's own.</value>
    [RegularExpression("vicuna|llama2|llama3|chatml|gemma|gemma3")]
    public string ChatFormat { get; set; } = "";

    /// <summary>Tokens of context; capped at what the model was trained with.</summary>
    /// <value>4096.</value>
    [Range(512, 131072)]
    public int ContextSize { get; set; } = 4096;

    /// <summary>Threads; 0 = one for a model below 64 MiB, all cores for a larger one.</summary>
    /// <value>0.</value>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>Most tags asked about in one turn of the model.</summary>
    /// <value>12.</value>
    [Range(1, 50)]
    public int MaxTagsPerTurn { get; set; } = 12;

    /// <summary>Calls that may wait.</summary>
    /// <value>32.</value>
    [Range(1, 10000)]
    public int QueueCapacity { get; set; } = 32;
}

[OptionsValidator]
internal sealed partial class SceneScorerOptionsValidator : IValidateOptions<SceneScorerOptions>;
