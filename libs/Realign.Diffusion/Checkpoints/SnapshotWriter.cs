using Realign.Core.Errors;
using Realign.Safetensors;

namespace Realign.Diffusion.Checkpoints;

/// <summary>Writes a checkpoint in one file as the folder that diffusers and this project load: the same numbers in the same types.</summary>
public static class SnapshotWriter
{
    /// <summary>Writes the folder beside its place and moves it there, so that nobody finds half of it.</summary>
    /// <param name="file">The checkpoint.</param>
    /// <param name="folder">Must not exist, or be empty.</param>
    /// <exception cref="ModelLoadException">The checkpoint cannot be loaded; lists every problem.</exception>
    /// <exception cref="InvalidInputException">There is something at the place of the folder.</exception>
    public static void Write(string file, string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new InvalidInputException("folder", folder, "something is there already", "name a folder that does not exist");
        using var checkpoint = SingleFileCheckpoint.Open(file);
        var target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var temporary = target + ".partial";
        if (Directory.Exists(temporary))
            Directory.Delete(temporary, recursive: true);
        try
        {
            WriteParts(checkpoint, temporary);
            if (Directory.Exists(target))
                Directory.Delete(target);
            Directory.Move(temporary, target);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    private static void WriteParts(SingleFileCheckpoint checkpoint, string folder)
    {
        foreach (var config in (string[])["model_index", "scheduler", .. checkpoint.Parts])
        {
            var path = Path.Combine(folder, CheckpointConfigs.FileOf(config));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, checkpoint.ConfigJson(config));
        }

        foreach (var part in checkpoint.Parts)
        {
            using var weights = checkpoint.Weights(part);
            SafetensorsWriter.Copy(
                Path.Combine(folder, part, $"{SingleFileCheckpoint.WeightsName(part)}.safetensors"), weights, key => checkpoint.IsTransposed(part, key));
        }

        foreach (var (_, tokenizer) in checkpoint.Index.TextTowers)
            WriteTokenizer(checkpoint, tokenizer, Path.Combine(folder, tokenizer));
    }

    private static void WriteTokenizer(SingleFileCheckpoint checkpoint, string name, string folder)
    {
        _ = Directory.CreateDirectory(folder);
        if (checkpoint.TokenizerFiles(name) is { } embedded)
        {
            foreach (var (file, bytes) in embedded)
                File.WriteAllBytes(Path.Combine(folder, file), bytes);
        }
        else
        {
            foreach (var file in Directory.EnumerateFiles(checkpoint.FolderOf(name)))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
    }
}
