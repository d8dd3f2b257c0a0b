using System.Diagnostics;
using System.Globalization;
using Realign.Core.Images;
using Realign.Diffusion.FineStage;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.KernelBenchmark;
using Realign.Torch;
using static TorchSharp.torch;

// usage: Realign.Kernels [SNAPSHOT] [--rounds 30] [--steps 10] [--threads 0] [--side 8] [--profile PASSES]
int Option(string name, int fallback) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length
    ? int.Parse(args[at + 1], CultureInfo.InvariantCulture)
    : fallback;

var snapshot = args.Length > 0 && !args[0].StartsWith("--", StringComparison.Ordinal) ? args[0] : "models/miniature/generator";
var (rounds, steps) = (Option("--rounds", 30), Option("--steps", 10));
const int Batch = 2;
const int TestTimestep = 900;
TorchRuntime.Initialize(Option("--threads", 0));
using var grad = no_grad();
using var pipeline = StableDiffusionSnapshot.Load(snapshot, TorchPlacement.Cpu);
using var outer = NewDisposeScope();
var side = Option("--side", pipeline.UNet.Config.SampleSize);
var conditions = pipeline.Prompts.Encode(new PromptRequest { Prompts = ["a red car and a pink elephant"] }, guided: true);
var context = cat([conditions.Negative!, conditions.Positive], 0);
var sample = randn(Batch, pipeline.UNet.Config.InChannels, side, side);
var time = tensor((float)TestTimestep);

BinaryMask Half(bool left) => new(side * 8, side * 8, [.. Enumerable.Range(0, side * side * 64).Select(cell => (byte)((cell % (side * 8) < side * 3) == left
    ? 1 : 0))]);
using var modulator = new AttentionModulator(
    new ModulationOptions(),
    [new ModulationLayout([new ModulationSegment([1, 2, 3], 2, Half(true)), new ModulationSegment([5, 6, 7], 2, Half(false))], [], MaskSampling.Area, side,
        side, CPU)],
    trainSteps: 1000);
using var operations = new UNetOperations(pipeline.UNet, Batch, side, (int)context.shape[1]);
const int Square = 512;
var (left, right) = (randn(Square, Square), randn(Square, Square));
var products = operations.Flops / (2.0 * Square * Square * Square);

void Plain()
{
    using var scope = NewDisposeScope();
    _ = pipeline.UNet.forward(sample, time, context);
}

// what the pipeline does in a modulated step: gains are made once and used by all layers of one size
void Modulated()
{
    using var scope = NewDisposeScope();
    _ = pipeline.UNet.forward(sample, time, context, attention: modulator.AtStep(0, 10, TestTimestep, firstRow: 1));
}

// one large product in place of all operations: what the machine can do at best
double Square512()
{
    using var scope = NewDisposeScope();
    var start = Stopwatch.GetTimestamp();
    for (var i = 0; i < 8; i++)
        _ = left.mm(right);
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds / 8 * products;
}

double Time(Action work)
{
    var start = Stopwatch.GetTimestamp();
    for (var step = 0; step < steps; step++)
        work();
    return Stopwatch.GetElapsedTime(start).TotalMilliseconds / steps;
}

if (Option("--profile", 0) is > 0 and var passes)
{
    var (plain, modulated) = (new UNetProfile(), new UNetProfile());
    new UNetProfile().Add(pipeline.UNet, sample, time, context, null);
    for (var pass = 0; pass < passes; pass++)
    {
        plain.Add(pipeline.UNet, sample, time, context, null);
        modulated.Add(pipeline.UNet, sample, time, context, modulator.AtStep(0, 10, TestTimestep, firstRow: 1));
    }

    Console.WriteLine("| module | plain ms | modulated ms |\n|---|---|---|");
    foreach (var ((module, milliseconds), (_, modulatedMilliseconds)) in plain.Medians().Zip(modulated.Medians()))
        Print($"| {module} | {milliseconds:0.000} | {modulatedMilliseconds:0.000} |");
    Print($"| all | {plain.Medians().Sum(median => median.Milliseconds):0.000} | {modulated.Medians().Sum(median => median.Milliseconds):0.000} |");
    return;
}

var names = new[] { "UNet step", "UNet step, modulated", "its products and convolutions alone, same shapes", "same FLOPs as products of 512x512 matrices" };
Func<double>[] measures = [() => Time(Plain), () => Time(Modulated), () => Time(operations.Run), Square512];
var values = measures.Select(_ => new List<double>()).ToArray();
for (var round = -3; round < rounds; round++)
{
    // all of them in turn, so that whatever else the machine does meets each alike
    for (var i = 0; i < measures.Length; i++)
    {
        var value = measures[i]();
        if (round >= 0)
            values[i].Add(value);
    }
}

static double Median(List<double> list) => list.Order().ElementAt(list.Count / 2);
double MedianRatio(int over, int under) => Median([.. values[over].Zip(values[under], (a, b) => a / b)]);
static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

var load = File.ReadAllText("/proc/loadavg").Split(' ')[0];
Print($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {get_num_threads()} threads, load {load}, {rounds} rounds of {steps} steps");
Print($"guided batch of {Batch}, latents {side}x{side}: {operations.Flops / 1e6:0.0} MFLOP in {operations.Count} products and convolutions\n");
Console.WriteLine("| | min ms | median ms | GFLOP/s at min |\n|---|---|---|---|");
for (var i = 0; i < names.Length; i++)
    Print($"| {names[i]} | {values[i].Min():0.000} | {Median(values[i]):0.000} | {operations.Flops / values[i].Min() / 1e6:0.0} |");
Console.WriteLine("\n| ratio | of minima | median of rounds | goal |\n|---|---|---|---|");
Print($"| modulated step / plain step | {values[1].Min() / values[0].Min():0.000} | {MedianRatio(1, 0):0.000} | 1.10 |");
Print($"| plain step / its products and convolutions | {values[0].Min() / values[2].Min():0.000} | {MedianRatio(0, 2):0.000} | none |");
Print($"| plain step / large products | {values[0].Min() / values[3].Min():0.000} | {MedianRatio(0, 3):0.000} | none |");
