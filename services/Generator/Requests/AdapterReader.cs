using Realign.Core.Errors;
using Realign.Core.Text;
using Realign.Diffusion.Adapters;
using Realign.V1;
using Realign.Wire.Requests;

namespace Realign.Generator.Requests;

/// <summary>Checks the adapters of a request. What the model has to know, names of files and blocks, is checked when they are attached.</summary>
internal static class AdapterReader
{
    private const int MaxAdapters = 8;
    private const int MaxBlocks = 64;
    private const int MaxNameLength = 200;
    private const int MaxStrength = 2;

    public static IReadOnlyList<AdapterChoice> Read(GenerateRequest request)
    {
        Require.Count("adapters", request.Adapters.Count, 0, MaxAdapters);
        var names = new HashSet<string>(StringComparer.Ordinal);
        return [.. request.Adapters.Select((adapter, index) => Choice($"adapters[{index}]", adapter, names))];
    }

    private static AdapterChoice Choice(string field, Adapter adapter, HashSet<string> names)
    {
        // composed, so that a name is one name however it was typed
        var name = CanonicalForm.Compose(Require.Text($"{field}.name", adapter.Name, MaxNameLength));
        if (!names.Add(name))
            throw new InvalidInputException($"{field}.name", name, "this adapter is in the call already", "name it once, with the sum of the strengths");
        Require.Count($"{field}.blocks", adapter.Blocks.Count, 0, MaxBlocks);
        var strength = adapter.HasStrength ? Strength($"{field}.strength", adapter.Strength) : 1;
        return new AdapterChoice(name, new AdapterStrengths(
            adapter.HasUnetStrength ? Strength($"{field}.unet_strength", adapter.UnetStrength) : strength,
            adapter.HasClipStrength ? Strength($"{field}.clip_strength", adapter.ClipStrength) : strength)
        {
            Blocks = [.. adapter.Blocks.Select((block, index) => Block($"{field}.blocks[{index}]", block))],
        });
    }

    private static Diffusion.Adapters.BlockStrength Block(string field, V1.BlockStrength block) =>
        new(Require.Text($"{field}.block", block.Block, MaxNameLength), Strength($"{field}.strength", block.Strength));

    private static double Strength(string field, float value) => Require.Written(field, value, -MaxStrength, MaxStrength);
}
