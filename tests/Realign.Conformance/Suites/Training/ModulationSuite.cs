using System.Text.Json;
using Realign.Conformance.Runner;
using Realign.Core.Images;
using Realign.Diffusion.Attention;
using Realign.Diffusion.FineStage;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>Masks, spans, one attention layer, the whole UNet and whole runs with re-weighted attention.</summary>
internal sealed class ModulationSuite : IConformanceSuite
{
    public string Folder => "training/modulation";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var entry in Entries(folder, "masks", "cases"))
            yield return TrainingGolden.Case(folder, "masks", $"masks/{Id(entry)}", (golden, context) => CompareMasks(golden, entry, context));
        foreach (var entry in Entries(folder, "spans", "cases"))
            yield return new ConformanceCase($"spans/{Id(entry)}", context => CompareSpans(entry, context));
        foreach (var entry in Entries(folder, "single", "cases"))
            yield return TrainingGolden.Case(folder, "single", $"single/{Id(entry)}", (golden, context) => CompareLayer(golden, entry, context));
        yield return TrainingGolden.Case(folder, "single", "single/schedule", CompareSchedule);
        foreach (var row in Entries(folder, "single", "toy_row"))
            yield return new ConformanceCase($"single/toy_row_{row.GetProperty("case").GetString()}", context => CompareToyRow(row, context));
        yield return TrainingGolden.Case(folder, "unet_forward", "unet_forward/inputs", CompareInputs);
        var variants = TrainingGolden.Parse(Path.Combine(folder, "unet_forward.json")).GetProperty("variants").EnumerateObject().Select(variant =>
            variant.Name);
        foreach (var variant in variants.Prepend("plain"))
            yield return TrainingGolden.Case(folder, "unet_forward", $"unet_forward/{variant}", (golden, context) => CompareForward(golden, variant, context));
        foreach (var run in Entries(folder, "sampling", "runs"))
            yield return TrainingGolden.Case(folder, "sampling", $"sampling/{Id(run)}", (golden, context) => CompareRun(golden, run, context));
    }

    private static List<JsonElement> Entries(string folder, string name, string list)
    {
        var path = Path.Combine(folder, name + ".json");
        return File.Exists(path) ? [.. TrainingGolden.Parse(path).GetProperty(list).EnumerateArray()] : [];
    }

    private static string Id(JsonElement entry) => entry.GetProperty("id").GetString()!;

    private static void CompareMasks(TrainingGolden golden, JsonElement entry, CaseContext context)
    {
        var id = Id(entry);
        var latent = TrainingGolden.Ints(golden.Json.GetProperty("latent_size"));
        var resolved = SegmentMasks.Resolve(FineStageGolden.Masks(golden.Read($"{id}.in.masks")), TrainingGolden.Doubles(entry.GetProperty("scores")));
        golden.Compare(context, $"{id}.out.resolved", FineStageGolden.ToTensor(resolved));
        golden.Compare(context, $"{id}.out.background", FineStageGolden.ToTensor(SegmentMasks.Background(resolved, resolved[0].Width, resolved[0].Height)));
        foreach (var level in golden.Json.GetProperty("levels").EnumerateArray().Select(TrainingGolden.Ints))
        {
            var (height, width) = (level[0], level[1]);
            golden.Compare(context, $"{id}.out.area_{height}x{width}",
                FineStageGolden.ToTensor(resolved.Select(mask => SegmentMasks.Area(mask, width, height))));
            golden.Compare(context, $"{id}.out.nearest_{height}x{width}", FineStageGolden.ToTensor(
                resolved.Select(mask => SegmentMasks.Nearest(SegmentMasks.Nearest(mask, latent[1], latent[0]), width, height))));
        }
    }

    private static void CompareSpans(JsonElement entry, CaseContext context)
    {
        const string Comma = ",</w>";
        var ids = new Dictionary<string, int>();
        int Id(string token) => ids.TryGetValue(token, out var known) ? known : ids[token] = ids.Count;
        var prompt = TrainingGolden.Texts(entry.GetProperty("prompt_tokens"));
        var phrases = entry.GetProperty("phrases").EnumerateArray().Select(TrainingGolden.Texts).ToList();
        var phraseIds = phrases.Select(IReadOnlyList<int> (phrase) => [.. phrase.Select(Id)]).ToList();
        var expected = entry.GetProperty("expected");

        context.EqualSequence("first_match", Spans(expected.GetProperty("first_match")),
            phraseIds.Select(phrase => PhraseSpans.FirstMatch([.. prompt.Select(Id)], phrase)));
        var spans = Find(prompt);
        context.EqualSequence("spans", Spans(expected.GetProperty("spans")), spans);
        var missing = Enumerable.Range(0, phrases.Count).Where(i => spans[i] is null).ToList();
        var kept = PhraseSpans.Fitting(
            prompt.Length, missing, [.. phrases.Select(phrase => phrase.Length)], TrainingGolden.Doubles(entry.GetProperty("scores")),
                entry.GetProperty("limit").GetInt32());
        // in no order: which phrases were left out
        context.EqualSequence("dropped", TrainingGolden.Ints(expected.GetProperty("dropped")).Order(), missing.Except(kept).Order());
        string[] extended = [.. prompt, .. kept.SelectMany(i => phrases[i].Prepend(Comma))];
        context.EqualSequence("extended_tokens", TrainingGolden.Texts(expected.GetProperty("extended_tokens")), extended);
        context.EqualSequence("extended_spans", Spans(expected.GetProperty("extended_spans")), Find(extended));

        IReadOnlyList<PhraseSpan?> Find(string[] tokens)
        {
            var tokenIds = tokens.Select(Id).ToList();
            var names = ids.ToDictionary(pair => pair.Value, pair => pair.Key);
            return PhraseSpans.Find(tokenIds, phraseIds, token => names[token].EndsWith("</w>", StringComparison.Ordinal));
        }
    }

    private static IEnumerable<PhraseSpan?> Spans(JsonElement list) => list.EnumerateArray()
        .Select(span => span.ValueKind == JsonValueKind.Null ? null : new PhraseSpan(span[0].GetInt32(), span[1].GetInt32()));

    private static void CompareLayer(TrainingGolden golden, JsonElement entry, CaseContext context)
    {
        var id = Id(entry);
        var isCross = entry.GetProperty("kind").GetString() == "cross";
        var (height, width, keys) = (entry.GetProperty("height").GetInt32(), entry.GetProperty("width").GetInt32(), entry.GetProperty("keys").GetInt32());
        var isActive = entry.GetProperty("active").GetBoolean();
        var options = FineStageGolden.Options(entry.GetProperty("options"), MaskSampling.Area, isActive ? 1 : 0);
        var timestep = entry.GetProperty("timestep").GetDouble();
        var layouts = entry.GetProperty("samples").EnumerateArray().Select(sample => Layout(golden, sample, height, width)).ToList();
        for (var i = 0; i < layouts.Count; i++)
            CompareGains(golden, $"{id}.out.{i}", layouts[i], options, options.Lambda(timestep, 1000), isCross, keys, context);

        using var modulator = new AttentionModulator(options, [.. layouts.Select(layout => layout is null
            ? new ModulationLayout([], [], MaskSampling.Area, height, width, CPU)
            : ModulationLayout.Of(new Dictionary<(int, int), LayerLayout> { [(height, width)] = layout }))], FineStageGolden.TrainSteps);
        var attention = modulator.AtStep(0, 1, timestep, entry.GetProperty("first_modulated_row").GetInt32());
        var site = new AttentionSite("layer", isCross, height, width);
        var (query, key, value) = (golden.Read($"{id}.in.q"), golden.Read($"{id}.in.k"), golden.Read($"{id}.in.v"));
        var scale = 1 / Math.Sqrt(query.shape[3]);
        var logits = query.mul(Scalars.Of(scale)).flatten(0, 1).bmm(key.flatten(0, 1).transpose(1, 2)).view(query.shape[0], query.shape[1], height * width,
            keys);
        golden.Compare(context, $"{id}.out.logits", logits);
        golden.Compare(context, $"{id}.out.zmax", logits.amax([-1]));
        golden.Compare(context, $"{id}.out.zmin", logits.amin([-1]));
        context.Equal("handled", isActive && options.CrossWeight * options.SelfWeight > 0 && layouts.Any(layout => layout is not null),
            attention?.Handles(site) == true);
        var modulated = attention?.Handles(site) == true ? attention.Modulate(site, logits, 0) : logits;
        golden.Compare(context, $"{id}.out.logits_modulated", modulated);
        golden.Compare(context, $"{id}.out.probs", modulated.softmax(-1));
        golden.Compare(context, $"{id}.out.output", attention?.Handles(site) == true
            ? attention.Process(site, query, key, value, scale, CancellationToken.None)
            : Realign.Torch.Layers.Attention.ScaledDotProduct(query, key, value));
    }

    private static LayerLayout? Layout(TrainingGolden golden, JsonElement sample, int height, int width)
    {
        var segments = sample.GetProperty("segments").EnumerateArray().Select(segment => new LayerSegment(
            TrainingGolden.Ints(segment.GetProperty("tokens")), segment.GetProperty("score").GetDouble(), segment.GetProperty("background").GetBoolean()))
                .ToList();
        if (segments.Count == 0)
            return null;
        var masks = FineStageGolden.Masks(golden.Read(sample.GetProperty("masks").GetString()!).view(segments.Count, height, width));
        return new LayerLayout(segments, masks, TrainingGolden.Ints(sample.GetProperty("suppress")), CPU);
    }

    private static void CompareGains(
        TrainingGolden golden, string prefix, LayerLayout? layout, ModulationOptions options, double lambda, bool isCross, int keys, CaseContext context)
    {
        if (layout is null || !golden.Has($"{prefix}.R"))
            return;
        var rows = layout.Area.shape[0];
        var selectors = isCross ? LayerSelectors.Cross(layout, options, 0, rows, keys) : LayerSelectors.Self(layout, options, 0, rows);
        var gains = LayerGains.At(selectors, (isCross ? options.CrossWeight : options.SelfWeight) * lambda, options.MaxGain);
        golden.Compare(context, $"{prefix}.area", layout.Area);
        golden.Compare(context, $"{prefix}.R", selectors.R);
        golden.Compare(context, $"{prefix}.N", selectors.N);
        golden.Compare(context, $"{prefix}.S", selectors.S);
        golden.Compare(context, $"{prefix}.gpos", gains.Positive);
        golden.Compare(context, $"{prefix}.gneg", gains.Negative);
    }

    private static void CompareSchedule(TrainingGolden golden, CaseContext context)
    {
        foreach (var row in golden.Json.GetProperty("schedule").EnumerateArray())
        {
            var options = new ModulationOptions { StepFraction = row.GetProperty("fraction").GetDouble() };
            var name = $"T {row.GetProperty("T").GetInt32()}, fraction {options.StepFraction}";
            var active = options.ActiveSteps(row.GetProperty("T").GetInt32());
            context.Equal(name, row.GetProperty("active_steps").GetInt32(), active);
            TrainingGolden.Compare(context, name, row.GetProperty("lam"),
                [.. TrainingGolden.Doubles(row.GetProperty("timesteps")).Take(active).Select(time => options.Lambda(time, 1000))]);
        }
    }

    // the row of section 5.3: a begin token that owns the maximum, two tokens of a phrase, another word, padding
    private static void CompareToyRow(JsonElement row, CaseContext context)
    {
        var isCovered = row.GetProperty("case").GetString() == "covered";
        var logits = tensor((float[])[4, 1, 0.5f, -1, -2], [1, 1, 1, 5]);
        TrainingGolden.Compare(context, "plain", row.GetProperty("plain"), TrainingGolden.Numbers(logits.softmax(-1)), network: true);
        var options = new ModulationOptions
        {
            CrossWeight = row.GetProperty("gain").GetDouble(),
            AreaFactor = 0,
            MaxGain = null,
            Negative = NegativeSelector.Exact,
            UseScores = false,
            StepFraction = 1
        };
        using var layout = new LayerLayout([new LayerSegment([1, 2], 2, false)], [new BinaryMask(1, 1, [isCovered ? (byte)1 : (byte)0])], [], CPU);
        using var modulator = new AttentionModulator(options, [ModulationLayout.Of(new Dictionary<(int, int), LayerLayout> { [(1, 1)] = layout })],
            FineStageGolden.TrainSteps);
        var modulated = modulator.AtStep(0, 1, 1000, 0)!.Modulate(new AttentionSite("row", true, 1, 1), logits, 0);
        TrainingGolden.Compare(context, "modulated", row.GetProperty("modulated"), TrainingGolden.Numbers(modulated.softmax(-1)), network: true);
    }

    private static void CompareInputs(TrainingGolden golden, CaseContext context)
    {
        using var stage = new FineStageGolden(golden);
        golden.Compare(context, "out.prompt_embeds", stage.Prompt(false)[0]);
        golden.Compare(context, "out.uncond_embeds", stage.Empty()[0]);
        golden.Compare(context, "out.segment_embeds", stage.Phrases());
        golden.Compare(context, "out.prompt_embeds_replaced", stage.Prompt(true)[0]);
        var resolved = stage.Resolved();
        var latent = golden.Read("in.latents").shape;
        foreach (var name in golden.Keys.Where(key => key.StartsWith("out.layer_masks.", StringComparison.Ordinal)))
        {
            var size = golden.Read(name).shape;
            var (height, width) = ((int)size[1], (int)size[2]);
            var masks = resolved.Select(mask => name.Contains("area", StringComparison.Ordinal)
                ? SegmentMasks.Area(mask, width, height)
                : SegmentMasks.Nearest(SegmentMasks.Nearest(mask, (int)latent[3], (int)latent[2]), width, height)).ToList();
            golden.Compare(context, name, FineStageGolden.ToTensor([.. masks, SegmentMasks.Background(masks, width, height)]));
        }
    }

    private static void CompareForward(TrainingGolden golden, string name, CaseContext context)
    {
        using var stage = new FineStageGolden(golden);
        var time = golden.Json.GetProperty("timestep").GetDouble();
        using var modulator = name == "plain" ? null : Modulator(stage, golden.Json.GetProperty("variants").GetProperty(name), 1);
        var modulated = modulator?.AtStep(0, 1, time, 1);
        var latents = golden.Read("in.latents");
        var blocks = new Dictionary<string, Tensor>();
        var wanted = golden.Keys.Where(key => key.StartsWith($"out.{name}.block.", StringComparison.Ordinal)).Select(key => key[$"out.{name}.block.".Length..])
            .ToHashSet();
        Tensor Forward(IAttentionProcessor? attention, Action<string, Tensor>? observer) => stage.UNet.forward(
            cat([latents, latents], 0), tensor(time, dtype: ScalarType.Float32), cat([stage.Empty(), stage.Prompt(true)], 0), observer,
            attention: attention);

        golden.Compare(context, $"out.{name}.eps", Forward(modulated, (module, output) =>
        {
            if (wanted.Contains(module))
                blocks[module] = output.clone().DetachFromDisposeScope();
        }));
        foreach (var module in wanted)
            golden.Compare(context, $"out.{name}.block.{module}", blocks[module]);
        var statistics = new LogitStatistics(modulated);
        golden.Compare(context, $"out.{name}.eps", Forward(statistics, null));
        var rows = TrainingGolden.Texts(golden.Json.GetProperty("layer_names")).SelectMany(layer => statistics.Of[layer]).ToArray();
        golden.Compare(context, $"out.{name}.layer_stats", TensorConvert.FromArray(rows, rows.Length / 3, 3));
        foreach (var block in blocks.Values)
            block.Dispose();
    }

    private static AttentionModulator Modulator(FineStageGolden stage, JsonElement variant, double fraction) =>
        stage.Modulator(FineStageGolden.Options(variant.GetProperty("options"), FineStageGolden.Sampling(variant), fraction));

    private static void CompareRun(TrainingGolden golden, JsonElement run, CaseContext context)
    {
        using var stage = new FineStageGolden(golden);
        var steps = golden.Json.GetProperty("T").GetInt32();
        var variant = run.GetProperty("variant");
        using var modulator = variant.ValueKind == JsonValueKind.Null ? null : Modulator(stage, variant, run.GetProperty("fraction").GetDouble());
        var active = 0;
        var latents = stage.Sample(stage.Prompt(run.GetProperty("replace_embeddings").GetBoolean()), steps, (index, time) =>
        {
            var modulated = modulator?.AtStep(index, steps, time, 1);
            active += modulated is null ? 0 : 1;
            return modulated;
        });
        // at strength zero the reference counts its steps although they change nothing
        var hasStrength = variant.ValueKind != JsonValueKind.Null && variant.GetProperty("options").GetProperty("w_c").GetDouble() > 0;
        context.Equal("active_steps", hasStrength ? run.GetProperty("active_steps").GetInt32() : 0, active);
        golden.Compare(context, $"{Id(run)}.out.latents", latents);
        if (!golden.Has($"out.image_{Id(run)}"))
            return;
        using var networks = TrainingNetworks.Open(golden.Part);
        using var grad = no_grad();
        golden.Compare(context, $"out.image_{Id(run)}", networks.Vae.Decode(latents[^1..].div(Scalars.Of(networks.ScalingFactor))));
    }
}
