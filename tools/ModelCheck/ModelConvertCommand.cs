using System.CommandLine;
using Realign.Core.Errors;
using Realign.Diffusion.Checkpoints;

namespace Realign.ModelCheck;

/// <summary>Writes a checkpoint in one file as a snapshot folder (<c>realign models convert</c>).</summary>
internal static class ModelConvertCommand
{
    private const int Written = 0;
    private const int Refused = 1;

    public static Command Create(TextWriter output, TextWriter error)
    {
        var file = new Argument<string>("file") { Description = "A .safetensors checkpoint in the first authors' layout." };
        var folder = new Argument<string>("folder") { Description = "Folder to write." };
        var command = new Command("convert", "Writes a checkpoint in one file as a snapshot folder.") { file, folder };
        command.SetAction(parsed => Convert(output, error, parsed.GetRequiredValue(file), parsed.GetRequiredValue(folder)));
        return command;
    }

    private static int Convert(TextWriter output, TextWriter error, string file, string folder)
    {
        try
        {
            SnapshotWriter.Write(file, folder);
        }
        catch (ModelLoadException exception)
        {
            foreach (var problem in exception.Problems)
                error.WriteLine($"problem: {problem}");
            error.WriteLine($"way out: {exception.WayOut}");
            return Refused;
        }
        catch (InvalidInputException exception)
        {
            error.WriteLine($"problem: {exception.Message}");
            error.WriteLine($"way out: {exception.WayOut}");
            return Refused;
        }

        output.WriteLine(folder);
        return Written;
    }
}
