using System.Runtime.InteropServices;
using Realign.Safetensors;
using Realign.Testing;

namespace Realign.Captioner.Tests;

/// <summary>Copies of miniature models with finite weights so large that what is computed from them overflows.</summary>
internal static class OverflowingModel
{
    /// <summary>CLIP of which a bright first pixel of a patch overflows, and a gray one does not.</summary>
    public static ModelCopy ClipOfBrightImages() => Create("clip", "vision_model.embeddings.patch_embedding.weight", (weights, shape) =>
    {
        // the first output channel: one tap of 3 x 8 x 8
        weights.AsSpan(0, (int)(shape[1] * shape[2] * shape[3])).Clear();
        weights[0] = 3e38f;
    });

    /// <summary>CLIP of which the features of every text overflow.</summary>
    public static ModelCopy ClipOfTexts() => Create("clip", "text_projection.weight", (weights, _) => weights.AsSpan().Fill(3e38f));

    /// <summary>A captioner of which the vectors of every image overflow.</summary>
    public static ModelCopy Captioner() => Create("captioner", "language_projection.weight", (weights, _) => weights.AsSpan().Fill(3e38f));

    private static ModelCopy Create(string model, string key, Action<float[], IReadOnlyList<long>> change)
    {
        var copy = new ModelCopy(model);
        var path = Path.Combine(copy.Path, "model.safetensors");
        List<(string, SafetensorsDType, IReadOnlyList<long>, ReadOnlyMemory<byte>)> tensors = [];
        using (var file = SafetensorsFile.Open(path))
        {
            foreach (var entry in file.Entries.Values)
            {
                if (entry.Name != key)
                {
                    tensors.Add((entry.Name, entry.DType, entry.Shape, file.Bytes(entry.Name).ToArray()));
                    continue;
                }

                var values = file.ReadSingles(key);
                change(values, entry.Shape);
                tensors.Add((key, SafetensorsDType.F32, entry.Shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()));
            }
        }

        SafetensorsWriter.Write(path, tensors);
        return copy;
    }
}
