using System.Diagnostics;
using System.Globalization;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.FullSize;
using Realign.Torch;
using static TorchSharp.torch;

// usage: Realign.FullSize MANIFEST TOKENIZER FOLDER [--size 512] [--steps 2] [--threads 0] [--adapters]
if (args.Length < 3)
{
    Console.Error.WriteLine("usage: Realign.FullSize MANIFEST TOKENIZER FOLDER [--size PIXELS] [--steps N] [--threads N] [--adapters]: "
        + "MANIFEST holds config.json and keys.json of unet, vae and text_encoder; FOLDER gets 4.3 GB of random weights once");
    return 2;
}

int Option(string name, int fallback) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length
    ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
    : fallback;

var (folder, size, steps) = (args[2], Option("--size", 512), Option("--steps", 2));
TorchRuntime.Initialize(Option("--threads", 0));
RandomSnapshot.Prepare(args[0], args[1], folder);

PageCache.Drop(folder);
var (bytes, readSeconds) = PageCache.ReadAll(folder);
PageCache.Drop(folder);
var watch = Stopwatch.StartNew();
using var pipeline = StableDiffusionSnapshot.Load(folder, TorchPlacement.Cpu);
var mapSeconds = watch.Elapsed.TotalSeconds;
using (no_grad())
{
    foreach (var model in pipeline.Components.Values.Append(pipeline.Vae))
    {
        foreach (var parameter in model.parameters())
        {
            using var scope = NewDisposeScope();
            _ = parameter.max().item<float>();
        }
    }
}

var touchSeconds = watch.Elapsed.TotalSeconds;
Console.WriteLine($"weights {bytes / 1e9:f2} GB: plain read {readSeconds:f1} s ({bytes / readSeconds / 1e9:f2} GB/s); structure and mapping {mapSeconds:f2} s; "
    + $"every weight read once through the mapping {touchSeconds:f1} s ({bytes / touchSeconds / 1e9:f2} GB/s)");

if (args.Contains("--adapters"))
{
    AdapterTimes.Run(pipeline, Path.Combine(folder, "adapters"));
    return 0;
}

var marks = new List<double>();
using var run = NewDisposeScope();
watch.Restart();
var result = pipeline.Generate(new GenerationRequest
{
    Prompt = new PromptRequest { Prompts = ["a red car and a pink elephant"] },
    Seeds = [1],
    Scheduler = SchedulerKind.DDIM,
    Height = size,
    Width = size,
    NumInferenceSteps = steps,
}, new PipelineHooks { Progress = _ => marks.Add(watch.Elapsed.TotalSeconds) });
var total = watch.Elapsed.TotalSeconds;
var perStep = marks.Count > 1 ? (marks[^1] - marks[0]) / (marks.Count - 1) : marks[0];
Console.WriteLine($"{size} px, {steps} steps, guided, {get_num_threads()} threads: first step after {marks[0]:f1} s, {perStep:f1} s per further step, "
    + $"decode {total - marks[^1]:f1} s, total {total:f1} s; peak resident {PageCache.StatusGiB("VmHWM"):f2} GiB, anonymous at the end "
        + $"{PageCache.StatusGiB("RssAnon"):f2} GiB");
var isFinite = result.Images.isfinite().all().item<bool>();
Console.WriteLine($"image finite: {isFinite}, standard deviation {result.Images.std().item<float>():f3}");
return isFinite ? 0 : 1;
