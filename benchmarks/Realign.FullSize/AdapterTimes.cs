using System.Diagnostics;
using System.Runtime.InteropServices;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Safetensors;

namespace Realign.FullSize;

/// <summary>
/// What adapters over all projections of the UNet's transformers cost: first attach, attach again, other strength, memory, a list. Files of float16.
/// </summary>
internal static class AdapterTimes
{
    private const int Rank = 16;
    private const int Seed = 7;
    private const int Blocks = 8;
    private const int Files = 300;

    private static readonly string[] Kinds = ["lora", "dora", "loha", "lokr"];

    public static void Run(StableDiffusionPipeline pipeline, string folder)
    {
        var layers = pipeline.UNet.named_parameters()
            .Where(item => item.name.Contains("attentions", StringComparison.Ordinal) && item.name.EndsWith(".weight", StringComparison.Ordinal)
                && item.parameter.dim() > 1)
            .Select(item => (Name: item.name[..^".weight".Length], Out: item.parameter.shape[0], In: item.parameter.shape[1])).ToList();
        _ = Directory.CreateDirectory(folder);
        Console.WriteLine($"adapters of rank {Rank} over {layers.Count} layers, {layers.Sum(layer => layer.Out * layer.In) / 1e6:f0} million weights");
        foreach (var kind in Kinds)
        {
            var file = Path.Combine(folder, $"{kind}.safetensors");
            Write(file, layers.SelectMany(layer => Parts(kind, layer.Out, layer.In).Select(part => ($"unet.{layer.Name}.{part.Key}", part.Shape))));
            foreach (var bound in new[] { AdapterFolder.DefaultMemoryBytes, 16L << 30 })
                Measure(pipeline, folder, kind, new FileInfo(file).Length, bound);
        }

        List(pipeline, Path.Combine(folder, "many"), Path.Combine(folder, "lora.safetensors"));
    }

    private static void List(StableDiffusionPipeline pipeline, string folder, string file)
    {
        _ = Directory.CreateDirectory(folder);
        for (var i = 0; i < Files; i++)
            File.Copy(file, Path.Combine(folder, $"{i}.safetensors"), overwrite: true);
        using var adapters = new AdapterFolder(folder);
        double Read()
        {
            var watch = Stopwatch.StartNew();
            _ = adapters.List(pipeline, CancellationToken.None);
            return watch.Elapsed.TotalMilliseconds;
        }

        Console.WriteLine($"list of {Files} files: first {Read():f0} ms, again {Read():f0} ms");
    }

    private static void Measure(StableDiffusionPipeline pipeline, string folder, string kind, long fileBytes, long bound)
    {
        using var adapters = new AdapterFolder(folder, bound);
        double Attach(double strength)
        {
            var watch = Stopwatch.StartNew();
            using (adapters.Attach([new AdapterChoice(kind, AdapterStrengths.Everywhere(strength))], pipeline))
                return watch.Elapsed.TotalMilliseconds;
        }

        var (first, again, other) = (Attach(1), Attach(1), Attach(0.5));
        Console.WriteLine($"{kind}, file {fileBytes / 1e6:f0} MB, bound {bound >> 20} MiB: first {first:f0} ms, again {again:f1} ms, "
            + $"other strength {other:f1} ms; kept {adapters.LoadedBytes / 1e6:f0} MB, resident {PageCache.StatusGiB("VmRSS"):f2} GiB");
    }

    private static IEnumerable<(string Key, long[] Shape)> Parts(string kind, long outputs, long inputs) => kind switch
    {
        "lora" => [("lora_A.weight", [Rank, inputs]), ("lora_B.weight", [outputs, Rank])],
        "dora" => [("lora_A.weight", [Rank, inputs]), ("lora_B.weight", [outputs, Rank]), ("lora_magnitude_vector", [outputs])],
        "loha" => [("hada_w1_a", [outputs, Rank]), ("hada_w1_b", [Rank, inputs]), ("hada_w2_a", [outputs, Rank]), ("hada_w2_b", [Rank, inputs])],
        _ => [("lokr_w1", [Blocks, Blocks]), ("lokr_w2_a", [outputs / Blocks, Rank]), ("lokr_w2_b", [Rank, inputs / Blocks])],
    };

    private static void Write(string file, IEnumerable<(string Key, long[] Shape)> tensors)
    {
        var random = new Random(Seed);
        SafetensorsWriter.Write(file, tensors.Select(tensor =>
        {
            var values = new Half[tensor.Shape.Aggregate(1L, (product, side) => product * side)];
            for (var i = 0; i < values.Length; i++)
                values[i] = (Half)((random.NextDouble() - 0.5) * 0.1);
            return (tensor.Key, SafetensorsDType.F16, (IReadOnlyList<long>)tensor.Shape,
                (ReadOnlyMemory<byte>)MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }));
    }
}
