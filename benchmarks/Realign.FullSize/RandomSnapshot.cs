using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Realign.FullSize;

/// <summary>Writes a snapshot of published sizes, filled with random weights, from a manifest folder (config.json and keys.json per part).</summary>
internal static class RandomSnapshot
{
    private const int Seed = 1234;
    private const int ChunkFloats = 1 << 20;

    private static readonly Dictionary<string, string> WeightFiles = new()
    {
        ["unet"] = "diffusion_pytorch_model.safetensors",
        ["vae"] = "diffusion_pytorch_model.safetensors",
        ["text_encoder"] = "model.safetensors",
    };

    /// <summary>Writes what is not there yet; <c>model_index.json</c> comes last and says that the folder is complete.</summary>
    public static void Prepare(string manifest, string tokenizer, string folder)
    {
        var index = Path.Combine(folder, "model_index.json");
        if (File.Exists(index))
            return;
        Copy(tokenizer, Path.Combine(folder, "tokenizer"));
        Copy(Path.Combine(manifest, "scheduler"), Path.Combine(folder, "scheduler"));
        foreach (var (part, file) in WeightFiles)
        {
            var target = Path.Combine(folder, part);
            Directory.CreateDirectory(target);
            File.Copy(Path.Combine(manifest, part, "config.json"), Path.Combine(target, "config.json"), overwrite: true);
            WriteWeights(Path.Combine(manifest, part, "keys.json"), Path.Combine(target, file));
        }

        File.WriteAllText(index, """
            {
              "_class_name": "StableDiffusionPipeline",
              "scheduler": ["diffusers", "PNDMScheduler"],
              "text_encoder": ["transformers", "CLIPTextModel"],
              "tokenizer": ["transformers", "CLIPTokenizer"],
              "unet": ["diffusers", "UNet2DConditionModel"],
              "vae": ["diffusers", "AutoencoderKL"]
            }
            """);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }

    private static void WriteWeights(string manifest, string path)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(manifest));
        var keys = document.RootElement.GetProperty("keys").EnumerateObject()
            .Select(key => (key.Name, Shape: key.Value[0].EnumerateArray().Select(side => side.GetInt64()).ToArray(), Type: key.Value[1].GetString()!))
            .ToList();
        var header = new Dictionary<string, object>();
        long offset = 0;
        foreach (var (name, shape, type) in keys)
        {
            var length = Count(shape) * (type == "I64" ? sizeof(long) : sizeof(float));
            header[name] = new { dtype = type, shape, data_offsets = new[] { offset, offset + length } };
            offset += length;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var padded = new byte[(json.Length + 7) / 8 * 8];
        padded.AsSpan().Fill((byte)' ');
        json.CopyTo(padded, 0);
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var size = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(size, (ulong)padded.Length);
        stream.Write(size);
        stream.Write(padded);
        var random = new Random(Seed);
        foreach (var (name, shape, type) in keys)
        {
            if (type == "I64")
                stream.Write(MemoryMarshal.AsBytes(Enumerable.Range(0, (int)Count(shape)).Select(i => (long)i).ToArray().AsSpan()));
            else
                WriteFloats(stream, random, name, shape);
        }
    }

    // variance 1 / fan-in keeps activations finite; norms are neutral
    private static void WriteFloats(FileStream stream, Random random, string name, long[] shape)
    {
        var isVector = shape.Length == 1;
        var constant = isVector && name.EndsWith("weight", StringComparison.Ordinal) ? 1f : 0f;
        var amplitude = isVector ? 0f : MathF.Sqrt(3f / shape.Skip(1).Aggregate(1L, (product, side) => product * side));
        var chunk = new float[Math.Min(ChunkFloats, Count(shape))];
        var words = new byte[chunk.Length * sizeof(uint)];
        for (var left = Count(shape); left > 0; left -= chunk.Length)
        {
            var count = (int)Math.Min(chunk.Length, left);
            if (amplitude == 0)
            {
                Array.Fill(chunk, constant);
            }
            else
            {
                random.NextBytes(words);
                var bits = MemoryMarshal.Cast<byte, int>(words);
                for (var i = 0; i < count; i++)
                    chunk[i] = bits[i] * (amplitude / int.MaxValue);
            }

            stream.Write(MemoryMarshal.AsBytes(chunk.AsSpan(0, count)));
        }
    }

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, side) => product * side);
}
