using Realign.Core.Errors;
using Realign.Torch;
using Realign.Torch.Layers;
using static TorchSharp.torch;

namespace Realign.Diffusion.Adapters;

/// <summary>
/// Loaded adapters at their strengths s, ready to be attached: branches of plain low-rank pairs, and for all other kinds the weights
/// W + sum of s D, made once. Each change D is taken against the base weight, so their order has no effect; that of a DoRA is its changed weight less W.
/// </summary>
/// <remarks>Holds the weights it made; the adapters stay their owners' and must outlive it.</remarks>
internal sealed class AdapterSet : IDisposable
{
    private readonly List<(AdapterSlot Slot, LoraAdapter Branch)> _branches = [];
    private readonly List<(AdapterSlot Slot, Tensor? Weight, Tensor? Bias)> _replacements = [];

    private AdapterSet(IReadOnlyList<(AdapterWeights Weights, AdapterStrengths Strengths)> adapters) => Adapters = adapters;

    /// <summary>What it was made of.</summary>
    public IReadOnlyList<(AdapterWeights Weights, AdapterStrengths Strengths)> Adapters { get; }

    /// <summary>Memory of the weights that were made.</summary>
    public long Bytes => _replacements.Sum(item => BytesOf(item.Weight) + BytesOf(item.Bias));

    /// <summary>Makes the weights.</summary>
    /// <exception cref="ModelLoadException">A changed weight has numbers that its type has not.</exception>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public static AdapterSet Create(IReadOnlyList<(AdapterWeights Weights, AdapterStrengths Strengths)> adapters, CancellationToken cancellation)
    {
        var set = new AdapterSet(adapters);
        try
        {
            var changes = new Dictionary<AdapterTarget, List<(AdapterWeights Weights, AdaptedLayer Layer, double Strength)>>();
            foreach (var (weights, strengths) in adapters)
            {
                foreach (var layer in weights.Layers)
                {
                    var strength = strengths.Of(layer.Target);
                    if (layer.Branch is { } branch)
                        set._branches.Add((layer.Target.Layer.Adapters, branch.WithStrength(strength)));
                    if (!layer.NeedsCopy || strength == 0)
                        continue;
                    if (!changes.TryGetValue(layer.Target, out var list))
                        changes.Add(layer.Target, list = []);
                    list.Add((weights, layer, strength));
                }
            }

            using var grad = no_grad();
            foreach (var (target, list) in changes)
            {
                cancellation.ThrowIfCancellationRequested();
                set.Replace(target, list);
            }

            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Puts all of it to use until the result is disposed.</summary>
    /// <param name="owned">Whether this set ends with it.</param>
    public IDisposable Attach(bool owned)
    {
        var attachment = new Attachment(this, owned);
        try
        {
            foreach (var (slot, branch) in _branches)
                slot.Attach(branch);
            foreach (var (slot, weight, bias) in _replacements)
            {
                slot.Replace(weight, bias);
                attachment.Replaced++;
            }

            return attachment;
        }
        catch
        {
            attachment.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var (_, weight, bias) in _replacements)
        {
            weight?.Dispose();
            bias?.Dispose();
        }
    }

    private static long BytesOf(Tensor? tensor) => tensor is null ? 0 : tensor.numel() * tensor.element_size();

    private void Replace(AdapterTarget target, List<(AdapterWeights Weights, AdaptedLayer Layer, double Strength)> changes)
    {
        using var scope = NewDisposeScope();
        var (own, ownBias) = (target.Layer.Weight.detach(), target.Layer.Bias?.detach());
        var wide = own.to(ScalarType.Float32);
        Tensor? weight = null;
        Tensor? bias = null;
        foreach (var (_, layer, strength) in changes)
        {
            using var made = NewDisposeScope();
            if (layer.WeightChange(wide) is var (change, scale))
            {
                var factor = Scalars.Of(scale * strength);
                // in place: fresh memory of this size takes longer than the sum
                if (weight is null)
                    weight = wide.add(change, alpha: factor).MoveToOuterDisposeScope();
                else
                    _ = weight.add_(change, alpha: factor);
            }

            if (layer.BiasChange is { } offset)
                bias = (bias ?? ownBias!.to(ScalarType.Float32)).add(offset.to(ScalarType.Float32), alpha: Scalars.Of(strength)).MoveToOuterDisposeScope();
        }

        weight = weight?.to(own.dtype);
        bias = bias?.to(own.dtype);
        foreach (var result in new[] { weight, bias }.OfType<Tensor>())
        {
            if (!result.isfinite().all().item<bool>())
            {
                throw new ModelLoadException(changes[0].Weights.Path, $"'{target.Path}' gets numbers that {own.dtype} has not",
                    "lower the strength, or run the service with Generator:DType float32 or bfloat16");
            }
        }

        _replacements.Add((target.Layer.Adapters, weight?.DetachFromDisposeScope(), bias?.DetachFromDisposeScope()));
    }

    private sealed class Attachment(AdapterSet set, bool owned) : IDisposable
    {
        private bool _ended;

        /// <summary>How many replacements are in place.</summary>
        public int Replaced { get; set; }

        public void Dispose()
        {
            if (_ended)
                return;
            _ended = true;
            foreach (var (slot, branch) in set._branches)
                _ = slot.Detach(branch);
            foreach (var (slot, _, _) in set._replacements.Take(Replaced))
                slot.Restore();
            if (owned)
                set.Dispose();
        }
    }
}
