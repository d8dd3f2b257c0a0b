using System.CommandLine;
using Realign.Wire.Mesh;

namespace Realign.Cli.Commands;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<bool> Json() => new("--json") { Description = "Print the result as JSON, with the field names of the proto files." };

    public static Option<string?> Address(MeshService service) => new(service == MeshService.Gateway ? "--gateway" : "--address")
    {
        Description = $"Address of the {service.Name} [{service.Variable}, else where `realign up` started it, else {service.DefaultAddress}].",
        HelpName = "URL",
    };

    public static Option<double> Deadline(double seconds)
    {
        var option = new Option<double>("--deadline") { Description = "Seconds the call may take.", HelpName = "SECONDS", DefaultValueFactory = _ => seconds };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && InvariantNumbers.TryRead<double>(token.Value, out var value) && value is not (> 0 and <= 86_400))
                result.AddError("--deadline takes more than 0 and at most 86400 seconds");
        });
        return option;
    }

    public static Argument<string> ImageFile() => new("image") { Description = "A PNG, JPEG or WebP file.", HelpName = "IMAGE" };
}
