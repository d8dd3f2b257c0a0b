using Realign.Diffusion.Attention;
using static TorchSharp.torch;
using Kernel = Realign.Torch.Layers.Attention;

namespace Realign.Training.Attention;

/// <summary>Computes attention with explicit probabilities at chosen sites and keeps the maps of the first sample, in the graph.</summary>
/// <param name="handles">Sites that are recorded.</param>
public sealed class AttentionRecorder(Func<AttentionSite, bool> handles) : IAttentionProcessor
{
    private readonly List<(AttentionSite Site, Tensor Map)> _maps = [];

    /// <summary>Maps in the order of execution: (heads, h, w, tokens). Owned here until <see cref="Clear"/>.</summary>
    public IReadOnlyList<(AttentionSite Site, Tensor Map)> Maps => _maps;

    /// <summary>The cross layers of CoMat: the middle block and every up block.</summary>
    public static bool IsConcentrationSite(AttentionSite site) =>
        site.IsCross && (site.Name.StartsWith("mid_block.", StringComparison.Ordinal) || site.Name.StartsWith("up_blocks.", StringComparison.Ordinal));

    /// <summary>Maps of equal size together: the middle block first, then the up blocks by growing size.</summary>
    public IReadOnlyList<IReadOnlyList<Tensor>> Groups() =>
        [.. _maps.GroupBy(item => (IsMiddle: item.Site.Name.StartsWith("mid_block.", StringComparison.Ordinal), item.Site.Height, item.Site.Width))
            .OrderByDescending(group => group.Key.IsMiddle).ThenBy(group => group.Key.Height * group.Key.Width)
            .Select(group => (IReadOnlyList<Tensor>)[.. group.Select(item => item.Map)])];

    /// <inheritdoc/>
    public bool Handles(AttentionSite site) => handles(site);

    /// <inheritdoc/>
    public Tensor Process(AttentionSite site, Tensor query, Tensor key, Tensor value, double scale, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var probabilities = Kernel.Probabilities(query, key, scale);
        var map = probabilities.view(query.shape[0], query.shape[1], site.Height, site.Width, -1)[0];
        _maps.Add((site, map.DetachFromDisposeScope()));
        return Kernel.Attend(probabilities, value).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the maps; the recorder can be used again.</summary>
    public void Clear()
    {
        _maps.ForEach(item => item.Map.Dispose());
        _maps.Clear();
    }
}
