using Realign.Core.Files;

namespace Realign.Diffusion.Adapters;

/// <summary>State of an adapter on disk, with the config that peft puts beside it.</summary>
internal sealed record FileVersion(ModelFile File, ModelFile? Config)
{
    /// <exception cref="Core.Errors.ModelLoadException">Nothing is there, or something that is no file.</exception>
    public static FileVersion Of(string path)
    {
        var config = AlphaMetadata.ConfigOf(path);
        return new FileVersion(ModelFile.Find(path), config is null ? null : ModelFile.Find(config));
    }

    /// <summary>Whether nobody wrote to the files, or put others in their place.</summary>
    public bool IsCurrent(FileVersion found) => File.IsSameState(found.File)
        && (Config is null ? found.Config is null : found.Config is not null && Config.IsSameState(found.Config));
}
