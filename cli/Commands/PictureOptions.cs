using System.CommandLine;
using Google.Protobuf;
using Realign.V1;

namespace Realign.Cli.Commands;

/// <summary>How picture files of a command are read; named as the fields of Image. The service decodes them and says what is wrong with them.</summary>
internal sealed class PictureOptions
{
    private readonly Option<bool> _firstFrame = new("--first-frame") { Description = "Of an animated picture take the first frame." };

    private readonly Option<bool> _applyProfile = new("--apply-profile")
    {
        Description = "Convert the colors of a picture to sRGB by the profile in its file.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_firstFrame);
        command.Options.Add(_applyProfile);
    }

    /// <summary>Reads a file as services take it.</summary>
    public Image Read(ParseResult parsed, string path) => File.Exists(path)
        ? new Image
        {
            Encoded = ByteString.CopyFrom(File.ReadAllBytes(path)),
            FirstFrame = parsed.GetValue(_firstFrame),
            ApplyProfile = parsed.GetValue(_applyProfile),
        }
        : throw new CliException($"there is no file {path}", ExitCodes.Usage);
}
