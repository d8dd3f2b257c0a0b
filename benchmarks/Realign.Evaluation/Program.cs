using System.Globalization;
using Grpc.Net.Client;
using Realign.Evaluation;
using Realign.V1;

const string Usage = """
    usage: Realign.Evaluation --gateway http://HOST:PORT [--prompts FILE] [--seeds 0,1] [--limit N] [--grid FILE.png] [--guidance W] [--steps N]
                              [--power P] [--fraction F] [--cross W] [--self W] [--gain G] [--mode safe|exact] [--plain-embeddings]
           Realign.Evaluation --write-prompts FILE [--prompt-seed 20]
    """;
string? Option(string name) => Array.IndexOf(args, name) is var at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
float? Real(string name) => Option(name) is { } text ? float.Parse(text, CultureInfo.InvariantCulture) : null;

if (Option("--write-prompts") is { } target)
{
    File.WriteAllText(target, PromptSet.Write(PromptSet.Generate(int.Parse(Option("--prompt-seed") ?? "20", CultureInfo.InvariantCulture))));
    return 0;
}

if (Option("--gateway") is not { } address)
{
    Console.Error.WriteLine(Usage);
    return 2;
}

var prompts = PromptSet.Read(Option("--prompts") ?? Path.Combine(AppContext.BaseDirectory, "prompts.txt"));
if (Option("--limit") is { } limit)
    prompts = [.. prompts.Take(int.Parse(limit, CultureInfo.InvariantCulture))];
var seeds = (Option("--seeds") ?? "0,1").Split(',').Select(text => ulong.Parse(text, CultureInfo.InvariantCulture)).ToList();

using var gateway = GrpcChannel.ForAddress(address);
var client = new GatewayService.GatewayServiceClient(gateway);
var services = (await client.GetMeshStatusAsync(new GetMeshStatusRequest())).Services.ToDictionary(service => service.Name, service => service.Address);
using var tagger = GrpcChannel.ForAddress(services["tagger"]);
using var segmenter = GrpcChannel.ForAddress(services["segmenter"]);
var judge = new Judge(new TaggerService.TaggerServiceClient(tagger), new SegmenterService.SegmenterServiceClient(segmenter));

var pairs = new List<Pair>();
foreach (var prompt in prompts)
{
    foreach (var seed in seeds)
    {
        var generate = new GenerateRequest { Prompt = prompt.Text, Seed = seed, Modulation = Settings() };
        if (Real("--guidance") is { } guidance)
            generate.GuidanceScale = guidance;
        if (Real("--steps") is { } steps)
            generate.NumInferenceSteps = (int)steps;
        using var call = client.Realign(new RealignRequest { Generate = generate });
        GenerateResult? coarse = null;
        RealignResult? result = null;
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
        {
            coarse = call.ResponseStream.Current.Coarse ?? coarse;
            result = call.ResponseStream.Current.Result ?? result;
        }

        var (first, last) = (coarse!.Images[0].Png, result!.Png);
        pairs.Add(new Pair(prompt, seed, first.ToByteArray(), last.ToByteArray(), result.Refined, await judge.ReadAsync(first, prompt),
            await judge.ReadAsync(last, prompt)));
    }
}

var chosen = string.Join(" ", args.SkipWhile(arg => arg is not ("--guidance" or "--steps")).Take(4));
var settings = $"{prompts.Count} prompts, seeds {string.Join(", ", seeds)}, settings {Settings()} {chosen}";
Console.WriteLine(FormattableString.Invariant($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC, {settings}"));
foreach (var line in Tally.Table("all prompts", pairs))
    Console.WriteLine(line);
if (pairs.Any(pair => pair.Refined) && pairs.Any(pair => !pair.Refined))
{
    foreach (var line in Tally.Table("only pairs that could be refined", [.. pairs.Where(pair => pair.Refined)]))
        Console.WriteLine(line);
}

foreach (var kind in pairs.GroupBy(pair => pair.Prompt.Kind))
{
    foreach (var line in Tally.Table(kind.Key, [.. kind]))
        Console.WriteLine(line);
}

if (Option("--grid") is { } file)
    File.WriteAllBytes(file, Grid.Draw([.. pairs.Where(pair => pair.Seed == seeds[0]).GroupBy(pair => pair.Prompt.Kind).SelectMany(kind => kind.Take(8))]));
return 0;

Modulation Settings()
{
    var modulation = new Modulation();
    if (Real("--power") is { } power)
        modulation.SchedulePower = power;
    if (Real("--fraction") is { } fraction)
        modulation.StepFraction = fraction;
    if (Real("--cross") is { } cross)
        modulation.CrossAttentionWeight = cross;
    if (Real("--self") is { } self)
        modulation.SelfAttentionWeight = self;
    if (Real("--gain") is { } gain)
        modulation.MaxGain = gain;
    if (Option("--mode") is { } mode)
        modulation.Mode = mode == "exact" ? ModulationMode.Exact : ModulationMode.Safe;
    if (args.Contains("--plain-embeddings"))
        modulation.ReplaceEmbeddings = false;
    return modulation;
}
