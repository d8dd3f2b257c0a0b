using System.Text;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Safetensors;
using Realign.Throughput;
using Realign.Tokenizers;

// usage: Realign.Throughput TOKENIZERS [MEGABYTES]
if (args.Length is 0 or > 2 || !Directory.Exists(args[0]) || (args.Length == 2 && !int.TryParse(args[1], out _)))
{
    Console.Error.WriteLine("usage: Realign.Throughput TOKENIZERS [MEGABYTES]: TOKENIZERS holds the folders clip, opt, bert, t5 and llama3; MEGABYTES is "
        + "the size of the weight file, 256 by default");
    return 2;
}

Tokenizers(args[0]);
Images();
Weights(args.Length == 2 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 256);
return 0;

// against the least any tokenizer must do: walk over the code points and write the bytes down
static void Tokenizers(string folder)
{
    const string Sentence = "A photo of a red car and 3 pink elephants beside the caf\u00e9, isn't it? \u65e5\u672c, 1,234.5 metres! ";
    var random = new Random(1);
    string[] words = [.. Sentence.Split(' '), "umbrella", "sailboat", "McDonald's", "backpack", "stra\u00dfe"];
    var text = string.Join(' ', Enumerable.Range(0, 20_000).Select(_ => words[random.Next(words.Length)]));
    var bytes = Encoding.UTF8.GetByteCount(text);
    foreach (var (name, tokenizer) in new (string, ITextTokenizer)[]
    {
        ("clip", ClipTokenizer.Load(Path.Combine(folder, "clip"))),
        ("opt", Gpt2Tokenizer.Load(Path.Combine(folder, "opt"))),
        ("bert", BertTokenizer.Load(Path.Combine(folder, "bert"))),
        ("t5", T5Tokenizer.Load(Path.Combine(folder, "t5"))),
        ("llama3", Llama3Tokenizer.Load(Path.Combine(folder, "llama3"))),
    })
    {
        var sink = 0;
        var (walk, encode, ratio) = Measure.InTurns(() => sink += text.EnumerateRunes().Count(), () => sink += tokenizer.Encode(text).Length);
        Console.WriteLine($"tokenizer {name,-6} {bytes / encode / 1e6,7:f1} MB/s; walking over the characters {bytes / walk / 1e6,7:f1} MB/s; ratio "
            + $"{ratio:f1}");
    }
}

// a whole picture of a caller: decode, then the processor of CLIP; against a copy of the pixels
static void Images()
{
    var random = new Random(2);
    var photo = new RgbImage(512, 512, [.. Enumerable.Range(0, 512 * 512 * 3).Select(i => (byte)((i / 96) + random.Next(8)))]);
    var (png, jpeg) = (ImageEncoder.Png(photo), ImageEncoder.Jpeg(photo));
    var clip = new ImageProcessor(ImageProcessorConfig.Parse("""
        { "image_processor_type": "CLIPImageProcessor", "size": { "shortest_edge": 224 }, "do_center_crop": true, "crop_size": { "height": 224, "width": 224 },
          "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711] }
        """));
    var copy = new byte[photo.Pixels.Length];
    foreach (var (name, work) in new (string, Action)[]
    {
        ("CLIP processor, 512x512 to 224x224", () => clip.Process(photo)),
        ("decode PNG 512x512", () => ImageDecoder.Decode(png)),
        ("decode JPEG 512x512", () => ImageDecoder.Decode(jpeg)),
        ("encode PNG 512x512", () => ImageEncoder.Png(photo)),
    })
    {
        var (plain, seconds, ratio) = Measure.InTurns(() => photo.Pixels.CopyTo(copy, 0), work);
        Console.WriteLine($"{name}: {1 / seconds:f0} images/s; copying its pixels {1 / plain:f0} images/s; ratio {ratio:f0}");
    }
}

static void Weights(int megabytes)
{
    var path = Path.GetTempFileName();
    try
    {
        var data = new byte[megabytes << 20];
        new Random(3).NextBytes(data);
        SafetensorsWriter.Write(path, Enumerable.Range(0, 64).Select(i => ($"layer.{i}.weight", SafetensorsDType.F32, (IReadOnlyList<long>)[data.Length / 256],
            (ReadOnlyMemory<byte>)data.AsMemory(data.Length / 64 * i, data.Length / 64))));
        var into = new byte[data.Length / 64];
        long Whole()
        {
            using var handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            long done = 0;
            for (int read; (read = RandomAccess.Read(handle, into, done)) > 0; done += read) ;
            return done;
        }

        void Tensors()
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var key in file.Entries.Keys)
                file.Bytes(key).CopyTo(into);
        }

        void Header()
        {
            using var file = SafetensorsFile.Open(path);
        }

        var size = new FileInfo(path).Length;
        var (plain, mapped, ratio) = Measure.InTurns(() => Whole(), Tensors);
        Console.WriteLine($"safetensors {size / 1e6:f0} MB, in the page cache: every tensor copied out {size / mapped / 1e9:f2} GB/s; the file read "
            + $"{size / plain / 1e9:f2} GB/s; ratio {ratio:f2}");
        var (_, open, share) = Measure.InTurns(() => Whole(), Header);
        Console.WriteLine($"safetensors, open and check the header: {open * 1e3:f2} ms, {share * 100:f2} % of reading the file");
    }
    finally
    {
        File.Delete(path);
    }
}
