using Realign.Diffusion.Adapters;
using Realign.Diffusion.Checkpoints;
using Realign.V1;
using AdapterKind = Realign.Diffusion.Adapters.AdapterKind;

namespace Realign.Generator.Events;

/// <summary>What adapters are there, as messages.</summary>
internal static class AdapterList
{
    public static ListAdaptersResponse Response(IEnumerable<AdapterSummary> summaries) => new() { Adapters = { summaries.Select(File) } };

    private static AdapterFile File(AdapterSummary summary) => new()
    {
        Name = summary.Name,
        SizeBytes = summary.Bytes,
        Family = summary.Family switch
        {
            CheckpointFamily.StableDiffusion1 => ModelFamily.Sd1,
            CheckpointFamily.StableDiffusion2 => ModelFamily.Sd2,
            CheckpointFamily.StableDiffusionXL => ModelFamily.Sdxl,
            _ => ModelFamily.Unspecified,
        },
        Kinds = { summary.Kinds.Select(Kind) },
        Ranks = { summary.Ranks.Select(rank => (int)Math.Min(rank, int.MaxValue)) },
        Components = { summary.Components },
        Title = summary.Title,
        TriggerWords = { summary.TriggerWords },
        Embeddings = { summary.Embeddings },
        Problem = summary.Problem ?? "",
    };

    private static V1.AdapterKind Kind(AdapterKind kind) => kind switch
    {
        AdapterKind.LoRA => V1.AdapterKind.Lora,
        AdapterKind.LoCon => V1.AdapterKind.Locon,
        AdapterKind.DoRA => V1.AdapterKind.Dora,
        AdapterKind.LoHa => V1.AdapterKind.Loha,
        AdapterKind.LoKr => V1.AdapterKind.Lokr,
        AdapterKind.Full => V1.AdapterKind.Full,
        AdapterKind.Norm => V1.AdapterKind.Norm,
        _ => throw new InvalidOperationException($"no message for {kind}"),
    };
}
