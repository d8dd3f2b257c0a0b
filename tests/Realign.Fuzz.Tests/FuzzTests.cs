using System.Text;
using Realign.Clip;
using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Imaging;
using Realign.Llama.Gguf;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Tokenizers.Tests;
using Realign.VisionLanguage.Blip2;
using Xunit;

namespace Realign.Fuzz.Tests;

/// <summary>Every reader of files that somebody else wrote. <c>REALIGN_FUZZ=100000</c> makes the run long.</summary>
public sealed class FuzzTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-fuzz").FullName;

    private delegate void ReadConfig(byte[] json);

    [Fact]
    public void Safetensors()
    {
        var path = PathOf("seed.safetensors");
        SafetensorsWriter.Write(path, Enum.GetValues<SafetensorsDType>().Select((dtype, i) =>
            ($"layer.{i}.weight", dtype, (IReadOnlyList<long>)[i, 2], (ReadOnlyMemory<byte>)new byte[i * 2 * dtype.SizeBytes()])), new Dictionary<string,
                string>
            { ["format"] = "pt" });
        var whole = File.ReadAllBytes(path);
        var data = 8 + (int)BitConverter.ToUInt64(whole);

        FuzzRun.Run("safetensors", mutator =>
        {
            var mutant = mutator.Choose(3) == 0 ? mutator.Bytes(whole) : WithHeader(mutator.Json(whole[8..data]), whole[data..]);
            File.WriteAllBytes(path, mutant);
            return (mutant.Length, () =>
            {
                using var file = SafetensorsFile.Open(path);
                foreach (var key in file.Entries.Keys)
                    _ = file.Bytes(key).ToArray();
            }
            );
        });
    }

    [Fact]
    public void ShardIndex()
    {
        foreach (var (shard, key) in new[] { ("1.safetensors", "a"), ("2.safetensors", "b") })
            SafetensorsWriter.Write(PathOf(shard), [(key, SafetensorsDType.U8, [1L], new byte[1])]);
        var index = """{"metadata":{"total_size":2},"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"""u8.ToArray();

        FuzzRun.Run("shard index", mutator =>
        {
            var mutant = mutator.Json(index);
            File.WriteAllBytes(PathOf("model.safetensors.index.json"), mutant);
            return (mutant.Length, () => SafetensorsSet.OpenFolder(_folder, "model").Dispose());
        });
    }

    [Fact]
    public void Configs()
    {
        (byte[] Seed, ReadConfig Read)[] readers =
        [
            (Miniature("generator", "unet", "config.json"), json => UNet2DConditionConfig.Read(Parse(json))),
            (Miniature("generator", "vae", "config.json"), json => AutoencoderKLConfig.Read(Parse(json))),
            (Miniature("generator", "text_encoder", "config.json"), json => CLIPTextConfig.Read(Parse(json))),
            (Miniature("clip", "config.json"), json => CLIPConfig.Read(Parse(json))),
            (Miniature("captioner", "config.json"), json => Blip2Config.Read(Parse(json))),
            (Miniature("generator", "scheduler", "scheduler_config.json"), json => SchedulerConfig.Parse(json)),
            (Miniature("captioner", "preprocessor_config.json"), json => ImageProcessorConfig.Parse(Encoding.UTF8.GetString(json))),
            (Miniature("segmenter", "sam", "preprocessor_config.json"), json => ImageProcessorConfig.Parse(Encoding.UTF8.GetString(json))),
        ];

        FuzzRun.Run("configs", mutator =>
        {
            var (seed, read) = readers[mutator.Choose(readers.Length)];
            var mutant = mutator.Json(seed);
            return (mutant.Length, () => read(mutant));
        });
    }

    [Fact]
    public void TokenizerFiles()
    {
        var kinds = MiniatureFolders.Kinds.Select(kind => (Kind: kind, Files: MiniatureFolders.Files(kind).ToList())).ToList();

        FuzzRun.Run("tokenizer files", mutator =>
        {
            var (kind, files) = kinds[mutator.Choose(kinds.Count)];
            var folder = Directory.CreateDirectory(PathOf(kind)).FullName;
            var damaged = mutator.Choose(files.Count);
            var size = 0;
            foreach (var (i, (name, content)) in files.Index())
            {
                var bytes = i != damaged ? content : name.EndsWith(".json", StringComparison.Ordinal) ? mutator.Json(content) : mutator.Bytes(content);
                size += bytes.Length;
                File.WriteAllBytes(Path.Combine(folder, name), bytes);
            }

            return (size, () =>
            {
                var tokenizer = MiniatureFolders.Load(kind, folder);
                foreach (var text in new[] { "A red car's 3 wheels", "e\u0301\u0323 \ud800<pad></s>\u2581\u2581", new string('a', 500) })
                    _ = tokenizer.Decode(tokenizer.Encode(text), skipSpecialTokens: true);
            }
            );
        });
    }

    [Fact]
    public void GgufHeaders()
    {
        var whole = Miniature("scene-scorer", "model-q8_0.gguf");
        using var original = new MemoryStream(whole);
        var header = (int)GgufFile.Read(original, whole.Length, "model.gguf").Tensors[0].Offset;

        FuzzRun.Run("gguf headers", mutator =>
        {
            byte[] mutant = [.. mutator.Bytes(whole[..header]), .. whole[header..]];
            return (mutant.Length, () =>
            {
                using var stream = new MemoryStream(mutant);
                _ = LanguageModelCheck.Problems(GgufFile.Read(stream, mutant.Length, "model.gguf"));
            }
            );
        });
    }

    [Fact]
    public void Pictures()
    {
        var ball = ImageDecoder.Decode(Testing.Pictures.Ball());
        byte[][] seeds = [Testing.Pictures.Ball(24), Testing.Pictures.Ball16(24), Testing.Pictures.BallCmyk(24), Testing.Pictures.Animated(),
            ImageEncoder.Png(ball), ImageEncoder.Jpeg(ball)];

        FuzzRun.Run("pictures", mutator =>
        {
            var mutant = mutator.Bytes(seeds[mutator.Choose(seeds.Length)]);
            return (mutant.Length, () => _ = ImageDecoder.Decode(mutant));
        });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ConfigReader Parse(byte[] json) => ConfigReader.Parse("config.json", json);

    private static byte[] Miniature(params string[] parts) => File.ReadAllBytes(Checkout.Miniature(parts));

    private static byte[] WithHeader(byte[] header, byte[] data) => [.. BitConverter.GetBytes((ulong)header.Length), .. header, .. data];

    private string PathOf(string name) => Path.Combine(_folder, name);
}
