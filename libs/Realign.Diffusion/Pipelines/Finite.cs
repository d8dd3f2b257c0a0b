using Realign.Core.Errors;
using static TorchSharp.torch;

namespace Realign.Diffusion.Pipelines;

/// <summary>Numbers that are none end a run with the place where they came up, and never as a black picture.</summary>
internal static class Finite
{
    /// <summary>Latents after a step.</summary>
    /// <param name="latents">What the scheduler gave.</param>
    /// <param name="prediction">What the denoiser gave.</param>
    /// <param name="step">The step.</param>
    /// <param name="type">Type the denoiser computes in.</param>
    /// <param name="scheduler">Its class.</param>
    /// <exception cref="FailedPreconditionException">They are not finite.</exception>
    public static void RequireStep(Tensor latents, Tensor prediction, DenoisingStep step, ScalarType type, string scheduler)
    {
        if (IsFinite(latents))
            return;
        var cause = IsFinite(prediction)
            ? $"{scheduler} made them of a finite prediction"
            : $"the denoiser's prediction is not finite in {Name(type)}";
        throw new FailedPreconditionException(
            FormattableString.Invariant($"the latents are not finite after step {step.Index + 1} of {step.Count} (timestep {step.Timestep:0.##}): {cause}"),
            IsFinite(prediction)
                ? "use fewer steps or another scheduler"
                : $"leave out adapters or lower their strength{Wider(type)}; if nothing helps, check the weights with `realign models check`");
    }

    /// <summary>A decoded image.</summary>
    /// <exception cref="FailedPreconditionException">It is not finite.</exception>
    public static void RequireImage(Tensor images, ScalarType type)
    {
        if (!IsFinite(images))
        {
            throw new FailedPreconditionException($"the decoded image is not finite: the autoencoder's values overflow in {Name(type)}, or its weights "
                + $"are broken",
                $"check the weights with `realign models check`{Wider(type)}");
        }
    }

    /// <summary>Heat maps of a run.</summary>
    /// <exception cref="FailedPreconditionException">They are not finite.</exception>
    public static void RequireHeatMaps(Tensor maps)
    {
        if (!IsFinite(maps))
            throw new FailedPreconditionException("the heat maps are not finite: attention overflowed in a run whose latents did not",
                "ask for the image without heat maps");
    }

    private static bool IsFinite(Tensor values)
    {
        using var scope = NewDisposeScope();
        return values.isfinite().all().item<bool>();
    }

    private static string Name(ScalarType type) => type.ToString().ToLowerInvariant();

    private static string Wider(ScalarType type) => type == ScalarType.Float32 ? "" : ", or set Generator:DType to float32";
}
