using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Realign.OpenInference;

/// <summary>Settings of the Open Inference Protocol.</summary>
public sealed class OpenInferenceOptions
{
    /// <summary>Section in the configuration.</summary>
    public const string SectionName = "OpenInference";

    /// <summary>Whether models may be loaded and unloaded where calls need no key. Where they need one, keys with the scope <c>manage</c> may.</summary>
    /// <value>false.</value>
    public bool AllowModelControl { get; set; }

    /// <summary>Folder below which versions to load are looked for; a relative name is looked up in the models folder.</summary>
    /// <value>Empty: only what the settings name and what is in the Hugging Face cache can be loaded.</value>
    [StringLength(4096)]
    public string ModelRoot { get; set; } = "";
}

[OptionsValidator]
internal sealed partial class OpenInferenceOptionsValidator : IValidateOptions<OpenInferenceOptions>;
