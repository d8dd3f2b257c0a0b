using Realign.Diffusion.Attention;
using Realign.Diffusion.UNet;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>
/// The UNet with the conditions of one run. A guided prediction takes two halves, the negative and the prompt's: one pass of twice the batch, or two passes
/// at once where an operator of the model is too small for two cores.
/// </summary>
/// <remarks>Not thread-safe. Owns what it made of the conditions.</remarks>
internal sealed class Denoiser : IDisposable
{
    private readonly UNet2DConditionModel _unet;
    private readonly TorchPlacement _placement;
    private readonly SideThread? _side;
    private readonly DenoiserConditions _conditions;
    private readonly TextKeys[] _texts;
    private readonly AddedConditions?[] _added;

    /// <param name="unet">The model.</param>
    /// <param name="placement">Where it is, and its type.</param>
    /// <param name="conditions">Of the run.</param>
    /// <param name="side">Computes the negative half; null = one pass for both.</param>
    public Denoiser(UNet2DConditionModel unet, TorchPlacement placement, DenoiserConditions conditions, SideThread? side)
    {
        _unet = unet;
        _placement = placement;
        _conditions = conditions;
        _side = conditions.IsGuided ? side : null;
        if (!conditions.IsGuided)
            (_texts, _added) = ([new TextKeys(conditions.Text)], [conditions.Added]);
        else if (_side is null)
            (_texts, _added) = ([new TextKeys(cat([conditions.NegativeText!, conditions.Text], 0))], [Both(conditions.NegativeAdded, conditions.Added)]);
        else
            (_texts, _added) = ([new TextKeys(conditions.Text), new TextKeys(conditions.NegativeText!)], [conditions.Added, conditions.NegativeAdded]);
    }

    /// <summary>First row of the prompt's half in the UNet's batch: attention before it belongs to the negative half.</summary>
    /// <param name="batch">Samples.</param>
    public int FirstRow(int batch) => _conditions.IsGuided && _side is null ? batch : 0;

    /// <summary>Predicted noise (or velocity) of scaled latents (B, C, h, w), guided if the run is; float32.</summary>
    /// <param name="input">What the UNet sees (B, InChannels, h, w), of any type.</param>
    /// <param name="timestep">What it is told.</param>
    /// <param name="attention">Takes over attention; where the halves are computed apart, in the prompt's only.</param>
    /// <param name="cancellation">Looked at after each module, and inside attention.</param>
    /// <exception cref="OperationCanceledException">The token was set.</exception>
    public Tensor Predict(Tensor input, double timestep, IAttentionProcessor? attention, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var time = tensor(timestep, dtype: ScalarType.Float32, device: _placement.Device);
        input = input.to(_placement.DType);
        if (!_conditions.IsGuided)
            return Pass(0, input, time, attention, cancellation).MoveToOuterDisposeScope();
        var (negative, positive) = _side is null
            ? Halves(Pass(0, cat([input, input], 0), time, attention, cancellation))
            : Apart(scope, _side, input, time, attention, cancellation);
        return Guidance.Combine(negative, positive, _conditions.GuidanceScale, _conditions.GuidanceRescale).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var text in _texts)
            text.Dispose();
    }

    private (Tensor Negative, Tensor Positive) Apart(
        TorchSharp.DisposeScope scope, SideThread side, Tensor input, Tensor time, IAttentionProcessor? attention, CancellationToken cancellation)
    {
        Tensor? negative = null;
        Tensor? positive = null;
        try
        {
            side.Both(
                () => positive = Pass(0, input, time, attention, cancellation),
                () =>
                {
                    using var grad = no_grad();
                    negative = Pass(1, input, time, null, cancellation).DetachFromDisposeScope();
                });
            scope.Attach(negative!);
            return (negative!, positive!);
        }
        catch
        {
            negative?.Dispose();
            throw;
        }
    }

    private Tensor Pass(int half, Tensor input, Tensor time, IAttentionProcessor? attention, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        return _unet.forward(input, time, _texts[half], _added[half], attention, _conditions.DistilledGuidance, cancellation).to(ScalarType.Float32)
            .MoveToOuterDisposeScope();
    }

    private static (Tensor Negative, Tensor Positive) Halves(Tensor both)
    {
        var halves = both.chunk(2, 0);
        return (halves[0], halves[1]);
    }

    private static AddedConditions? Both(AddedConditions? negative, AddedConditions? positive) => negative is null || positive is null
        ? positive
        : new AddedConditions(cat([negative.TextEmbeds, positive.TextEmbeds], 0), cat([negative.TimeIds, positive.TimeIds], 0));
}
