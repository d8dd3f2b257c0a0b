namespace Realign.Diffusion.Adapters;

/// <summary>Adapters in use; disposing takes them off.</summary>
public sealed class AttachedAdapters : IDisposable
{
    private readonly IDisposable? _attachment;
    private readonly AdapterCache _cache;

    internal AttachedAdapters(IDisposable? attachment, AdapterCache cache, IReadOnlyList<BundledEmbedding> embeddings)
    {
        _attachment = attachment;
        _cache = cache;
        Embeddings = embeddings;
    }

    /// <summary>Embeddings that they bring.</summary>
    public IReadOnlyList<BundledEmbedding> Embeddings { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _attachment?.Dispose();
        if (_attachment is not null)
            _cache.Trim(new HashSet<string>());
    }
}
