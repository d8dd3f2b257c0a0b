using System.Globalization;
using Realign.Core.Errors;

namespace Realign.OpenInference.Models;

/// <summary>The models of this service.</summary>
internal sealed class ModelCatalog(IEnumerable<IInferenceModel> models)
{
    private const string OnlyVersion = "1";

    /// <summary>All of them.</summary>
    public IReadOnlyList<IInferenceModel> All { get; } = [.. models];

    /// <summary>The number of the version that answers.</summary>
    public static string VersionOf(IInferenceModel model) => model.Served?.Version ?? OnlyVersion;

    /// <summary>A model by its name, in the version that answers.</summary>
    /// <param name="field">The name's field in the request.</param>
    /// <param name="name">Its name.</param>
    /// <param name="version">The number of the version; empty = the one that answers.</param>
    /// <exception cref="NotFoundException">There is none of this name, or it answers in another version.</exception>
    /// <exception cref="InvalidInputException">The version is no number.</exception>
    public IInferenceModel Find(string field, string name, string version)
    {
        var model = TryFind(name) ?? throw new NotFoundException(field, name, "request for unknown model",
            $"this service has {string.Join(", ", All.Select(model => model.Signature.Name))}");
        if (version.Length == 0 || version == VersionOf(model))
            return model;
        var versionField = field == "name" ? "version" : "model_version";
        if (!ulong.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
            throw new InvalidInputException(versionField, version, "a version is a whole number above 0", "leave it out for the one that answers");
        throw new NotFoundException(versionField, version, $"model {name} has no such version now",
            $"use {VersionOf(model)}, or leave it out for the one that answers");
    }

    /// <summary>A model by its name; null = there is none.</summary>
    public IInferenceModel? TryFind(string name) => All.FirstOrDefault(model => model.Signature.Name == name);
}
