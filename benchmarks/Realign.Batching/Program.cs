using System.Globalization;
using Realign.Core.Images;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Grounding.GroundingDino;
using Realign.Onnx;
using Realign.Throughput;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Scoring;

// usage: Realign.Batching [MODELS]: what a batch of n calls takes for each of them, against n calls one after the other
var models = args.Length > 0 ? args[0] : "models/miniature";
if (args.Length > 1 || !Directory.Exists(models))
{
    Console.Error.WriteLine("usage: Realign.Batching [MODELS]: the folder with captioner, clip, generator, segmenter and tagger, models/miniature by default");
    return 2;
}

const int Steps = 5;
int[] sizes = [1, 2, 4, 8];
TorchRuntime.Initialize(0);
var random = new Random(1);
var image = new RgbImage(64, 64, [.. Enumerable.Range(0, 64 * 64 * 3).Select(_ => (byte)random.Next(256))]);
var picture = new Picture([.. image.Pixels.Select(value => value / 255f)], 64, 64);

Console.WriteLine($"ms a call alone, and in batches of {string.Join(", ", sizes)} as a share of that; medians of nine rounds in turns");
Graph("tagger", Path.Combine(models, "tagger", "model.onnx"), "");
Detector();
Graph("mask encoder", Path.Combine(models, "segmenter", "sam", "onnx", "vision_encoder.onnx"), "pixel_values");
using (var captioner = ImageCaptioner.Load(Path.Combine(models, "captioner"), TorchPlacement.Cpu, CancellationToken.None))
{
    foreach (var gradient in new[] { false, true })
        Row($"captioner, likelihood{Slope(gradient)}", count => captioner.ScoreLikelihood(Pairs(count), gradient, CancellationToken.None));
}

using (var clip = ClipScorer.Load(Path.Combine(models, "clip"), TorchPlacement.Cpu, CancellationToken.None))
{
    foreach (var gradient in new[] { false, true })
        Row($"clip{Slope(gradient)}", count => clip.Score(Pairs(count), gradient, CancellationToken.None));
}

using (var pipeline = StableDiffusionSnapshot.Load(Path.Combine(models, "generator"), TorchPlacement.Cpu))
{
    foreach (var side in new[] { 64, 128, 256 })
        Row($"generator, {Steps} guided steps at {side} px", count => Draw(pipeline, count, side));
}

return 0;

static string Slope(bool gradient) => gradient ? " with gradient" : "";

PicturePrompt[] Pairs(int count) => [.. Enumerable.Range(0, count).Select(_ => new PicturePrompt(picture, "a red car and a pink elephant"))];

void Row(string name, Action<int> run)
{
    var shares = new List<string>();
    double alone = 0;
    foreach (var size in sizes)
    {
        var (each, _, ratio) = Measure.InTurns(
            () =>
            {
                for (var call = 0; call < size; call++)
                    run(1);
            },
            () => run(size));
        alone = size == 1 ? each * 1e3 : alone;
        shares.Add(ratio.ToString("0.00", CultureInfo.InvariantCulture));
    }

    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-38} {alone,8:0.0} ms   {string.Join("   ", shares)}"));
}

void Graph(string name, string file, string input)
{
    using var model = OnnxModel.Open(file, new OnnxModelOptions());
    var info = input.Length > 0 ? model.Input(input) : model.Inputs.First();
    if (info.Dimensions[0] is { } fixedSize)
    {
        Console.WriteLine($"{name,-38} its graph takes {fixedSize} at a time");
        return;
    }

    long[] shape = [.. info.Dimensions.Skip(1).Select(size => size!.Value)];
    var one = shape.Aggregate(1L, (product, size) => product * size);
    Row(name, count => model.Run(
        new Dictionary<string, OnnxTensor> { [info.Name] = OnnxTensor.Create(new float[count * one], [count, .. shape]) }, null, CancellationToken.None));
}

void Detector()
{
    using var model = GroundingDinoModel.Open(Path.Combine(models, "segmenter", "dino"), new OnnxModelOptions());
    var (pixels, width, height) = model.Preprocess(image);
    var ids = model.Tokenizer.Encode("car. elephant.");
    Row("detector", count => model.Run([.. Enumerable.Repeat(pixels, count).SelectMany(values => values)], null, height, width,
        [.. Enumerable.Repeat(ids, count)], [.. Enumerable.Repeat(ids.Length, count)], CancellationToken.None));
}

static void Draw(StableDiffusionPipeline pipeline, int count, int side)
{
    using var scope = TorchSharp.torch.NewDisposeScope();
    _ = pipeline.Generate(new GenerationRequest
    {
        Prompt = new PromptRequest { Prompts = [.. Enumerable.Repeat("a red car and a pink elephant", count)] },
        Seeds = [.. Enumerable.Range(0, count).Select(seed => (ulong)seed)],
        NumInferenceSteps = Steps,
        Height = side,
        Width = side,
    });
}
