// LAION's improved aesthetic predictor (Schuhmann 2022). Reference: christophschuhmann/improved-aesthetic-predictor, simple_inference.py.
using Realign.Clip;
using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Preference;

/// <summary>How beautiful people found pictures, on their scale of 1 to 10, from CLIP's image features. Reads no prompt. Differentiable.</summary>
public sealed class AestheticPredictor : nn.Module
{
    private const string Published = "sac+logos+ava1-l14-linearMSE.safetensors";
    private static readonly long[] PublishedWidths = [1024, 128, 64, 16, 1];

    private readonly LinearHead head;

    private AestheticPredictor(long width, IReadOnlyList<long> widths)
        : base(nameof(AestheticPredictor))
    {
        Width = width;
        head = new LinearHead(width, widths);
        RegisterComponents();
    }

    /// <summary>Family of the model: <c>aesthetic</c>.</summary>
    public static string Family { get; } = "aesthetic";

    /// <summary>Width of the image features it reads: 768 as published, of CLIP ViT-L/14.</summary>
    public long Width { get; }

    /// <summary>Keys of the published file.</summary>
    public static KeyRules Rules { get; } = new() { Rename = static key => "head." + LinearHead.Rename(key) };

    /// <summary>Whether keys are those of such a predictor.</summary>
    public static bool IsLayoutOf(IReadOnlyDictionary<string, SafetensorsEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        return entries.ContainsKey("layers.0.weight") && entries.ContainsKey("layers.7.weight") && entries.Count == 10;
    }

    /// <summary>The structure of a file, without weights.</summary>
    /// <exception cref="ModelLoadException">It is of another kind.</exception>
    public static AestheticPredictor Create(SafetensorsSet weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        if (!weights.Entries.TryGetValue("layers.0.weight", out var first) || first.Shape.Count != 2 || weights.Entries.ContainsKey("layers.3.weight"))
        {
            throw new ModelLoadException(weights.Path, "it is not the linear predictor (five layers layers.0, 2, 4, 6, 7 without activations)",
                $"use {Published}; the ones with ReLU (reluMSE) or of one layer are others");
        }

        if (weights.Entries.ContainsKey("visual_projection.weight"))
        {
            throw new ModelLoadException(weights.Path, "it holds a CLIP of its own beside the predictor (a port to transformers)",
                $"use the file with the predictor alone, {Published}");
        }

        return new AestheticPredictor(first.Shape[1], LinearHead.WidthsOf(weights, "", PublishedWidths));
    }

    /// <summary>Loads a file, or a folder with one.</summary>
    /// <param name="path">File or folder.</param>
    /// <param name="clip">Folder of the CLIP whose features it reads.</param>
    /// <param name="placement">Where that is; the predictor itself computes in float32.</param>
    /// <exception cref="ModelLoadException">Lists everything that does not fit.</exception>
    public static AestheticPredictor Load(string path, string clip, TorchPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(placement);
        using var weights = SafetensorsSet.OpenFile(WeightFile.Find(path, Published));
        var predictor = Create(weights);
        try
        {
            var width = CLIPConfig.Load(Path.Combine(clip, "config.json")).ProjectionDim;
            if (width != predictor.Width)
            {
                throw new ModelLoadException(path, $"it reads image features of width {predictor.Width}, the CLIP in {clip} makes {width}",
                    "set Captioner:Clip to the CLIP it was trained on: openai/clip-vit-large-patch14 for the published one");
            }

            StateDict.Load(predictor, weights, placement with { DType = ScalarType.Float32 }, Rules);
            return predictor;
        }
        catch
        {
            predictor.Dispose();
            throw;
        }
    }

    /// <summary>(B, <see cref="Width"/>) image features of length 1 -> (B) scores.</summary>
    internal Tensor Predict(Tensor features)
    {
        using var scope = NewDisposeScope();
        return head.forward(features).squeeze(-1).MoveToOuterDisposeScope();
    }
}
