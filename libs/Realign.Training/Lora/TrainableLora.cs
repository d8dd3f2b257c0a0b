using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch.Layers;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Training.Lora;

/// <summary>Low-rank adapters that are being trained (Hu et al. 2021), attached to a model until disposed. Base weights stay untouched.</summary>
public sealed class TrainableLora : IDisposable
{
    private readonly List<(string Module, AdapterSlot Slot, LoraAdapter Adapter)> _adapters;

    private TrainableLora(List<(string Module, AdapterSlot Slot, LoraAdapter Adapter)> adapters)
    {
        _adapters = adapters;
        foreach (var (_, slot, adapter) in adapters)
            slot.Attach(adapter);
        Parameters = [.. adapters.SelectMany(item => new[]
        {
            ($"{item.Module}.lora.down.weight", item.Adapter.Down), ($"{item.Module}.lora.up.weight", item.Adapter.Up),
        })];
    }

    /// <summary>Trainable tensors under the names of the published format, down before up of each layer. Owned here.</summary>
    public IReadOnlyList<(string Name, Tensor Tensor)> Parameters { get; }

    /// <summary>New adapters that change nothing yet: random down, zero up.</summary>
    /// <param name="model">Holds the layers.</param>
    /// <param name="modules">Paths of linear layers, e.g. <c>mid_block.attentions.0.transformer_blocks.0.attn2.to_q</c>.</param>
    /// <param name="rank">At least 1.</param>
    /// <param name="alpha">The adapters are scaled by alpha / rank.</param>
    /// <param name="seed">Seed of the down matrices.</param>
    /// <exception cref="NotFoundException">The model has no such linear layer.</exception>
    public static TrainableLora Create(nn.Module model, IEnumerable<string> modules, int rank, double alpha, long seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        using var random = new Generator((ulong)seed);
        return Build(model, modules, alpha / rank, (_, layer) =>
        {
            // the bound of a uniform draw that keeps the variance of a linear layer (Kaiming, a = sqrt(5)), as peft does
            var bound = 1 / Math.Sqrt(layer.weight.shape[1]);
            var down = rand([rank, layer.weight.shape[1]], generator: random).mul(Scalars.Of(2 * bound)).sub(Scalars.Of(bound));
            return (down.to(layer.weight.dtype, layer.weight.device), zeros(layer.weight.shape[0], rank, dtype: layer.weight.dtype,
                device: layer.weight.device));
        });
    }

    /// <summary>Adapters that continue from matrices (copied).</summary>
    /// <param name="model">Holds the layers.</param>
    /// <param name="pairs">Path of a linear layer, its down [rank, in] and its up [out, rank].</param>
    /// <param name="scale">alpha / rank.</param>
    /// <exception cref="NotFoundException">The model has no such linear layer.</exception>
    /// <exception cref="InvalidInputException">A matrix does not fit its layer.</exception>
    public static TrainableLora From(nn.Module model, IReadOnlyDictionary<string, (Tensor Down, Tensor Up)> pairs, double scale) =>
        Build(model, pairs.Keys, scale, (module, layer) =>
        {
            var (down, up) = pairs[module];
            if (down.dim() != 2 || up.dim() != 2 || down.shape[0] != up.shape[1] || down.shape[1] != layer.weight.shape[1]
                || up.shape[0] != layer.weight.shape[0])
            {
                throw new InvalidInputException(module, $"down [{string.Join(", ", down.shape)}], up [{string.Join(", ", up.shape)}]",
                    $"the layer is [{string.Join(", ", layer.weight.shape)}]", "pass down [rank, in] and up [out, rank]");
            }

            return (down.detach().clone(), up.detach().clone());
        });

    /// <summary>Writes the adapters under the published names, with rank and alpha in the metadata of the header.</summary>
    /// <param name="path">A safetensors file.</param>
    /// <param name="component">Prefix of the keys: <c>unet</c> or <c>text_encoder</c>.</param>
    public void Save(string path, string component)
    {
        var rank = _adapters[0].Adapter.Down.shape[0];
        var metadata = new Dictionary<string, object>
        {
            [$"{component}.r"] = rank,
            [$"{component}.lora_alpha"] = _adapters[0].Adapter.Scale * rank,
            [$"{component}.peft_type"] = "LORA",
        };
        SafetensorsWriter.Write(path, Parameters.Select(item => ($"{component}.{item.Name}", SafetensorsDType.F32, (IReadOnlyList<long>)item.Tensor.shape,
            Bytes(item.Tensor))),
            new Dictionary<string, string> { ["format"] = "pt", ["lora_adapter_metadata"] = System.Text.Json.JsonSerializer.Serialize(metadata) });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, slot, adapter) in _adapters)
        {
            _ = slot.Detach(adapter);
            adapter.Down.Dispose();
            adapter.Up.Dispose();
        }

        _adapters.Clear();
    }

    private static ReadOnlyMemory<byte> Bytes(Tensor tensor)
    {
        using var plain = tensor.detach().to(ScalarType.Float32).cpu().contiguous();
        return plain.bytes.ToArray();
    }

    private static TrainableLora Build(
        nn.Module model, IEnumerable<string> modules, double scale, Func<string, Torch.Layers.Linear, (Tensor Down, Tensor Up)> make)
    {
        var layers = model.named_modules().ToDictionary(item => item.name, item => item.module, StringComparer.Ordinal);
        using var scope = NewDisposeScope();
        var adapters = new List<(string, AdapterSlot, LoraAdapter)>();
        foreach (var module in modules)
        {
            if (!layers.TryGetValue(module, out var found) || found is not Torch.Layers.Linear layer)
                throw new NotFoundException($"the model has no linear layer '{module}'",
                    "name attention projections such as mid_block.attentions.0.transformer_blocks.0.attn2.to_q");
            var (down, up) = make(module, layer);
            adapters.Add((module, layer.adapters, new LoraAdapter(down.requires_grad_(), up.requires_grad_(), scale)));
        }

        if (adapters.Count == 0)
            throw new InvalidInputException("modules", "empty", "there is nothing to train", "name at least one linear layer");
        foreach (var (_, _, adapter) in adapters)
        {
            adapter.Down.DetachFromDisposeScope();
            adapter.Up.DetachFromDisposeScope();
        }

        return new TrainableLora(adapters);
    }
}
