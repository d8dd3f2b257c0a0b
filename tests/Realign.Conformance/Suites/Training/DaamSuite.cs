using Realign.Conformance.Runner;
using Realign.Diffusion.Daam;
using Realign.Diffusion.FineStage;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Training;

/// <summary>Heat maps of a whole run.</summary>
internal sealed class DaamSuite : IConformanceSuite
{
    public string Folder => "training/daam";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        yield return TrainingGolden.Case(folder, "daam", "daam", Compare);
    }

    private static void Compare(TrainingGolden golden, CaseContext context)
    {
        using var stage = new FineStageGolden(golden);
        using var recorder = new DaamRecorder();
        var steps = golden.Json.GetProperty("T").GetInt32();
        golden.Compare(context, "out.latents", stage.Sample(stage.Prompt(false), steps, (_, _) => recorder.AtStep(1)));

        var latent = golden.Read("in.latents").shape;
        var (height, width) = ((int)latent[2], (int)latent[3]);
        var layers = TrainingGolden.Texts(golden.Json.GetProperty("layers"));
        context.EqualSequence("layers", layers.Order(StringComparer.Ordinal), recorder.Layers.Order(StringComparer.Ordinal));
        foreach (var layer in layers)
        {
            golden.Compare(context, $"out.sum.{layer}", recorder.Sum(layer)[0]);
            golden.Compare(context, $"out.up_head_mean.{layer}", recorder.Enlarged(layer, height, width)[0].mean([0]));
        }

        var maps = recorder.HeatMaps(height, width)[0];
        golden.Compare(context, "out.heat_maps", maps);
        golden.Compare(context, "out.heat_maps_normalised", HeatMaps.Normalize(maps, golden.Json.GetProperty("prompt_tokens").GetInt32()));
        var words = golden.Json.GetProperty("words").EnumerateArray().Select(TrainingGolden.Ints).ToList();
        for (var i = 0; i < words.Count; i++)
        {
            var word = HeatMaps.Word(maps, words[i]);
            golden.Compare(context, $"out.word.{i}", word);
            golden.Compare(context, $"out.word_display.{i}", HeatMaps.Display(word));
        }

        CompareShares(golden, maps, context);
    }

    private static void CompareShares(TrainingGolden golden, Tensor maps, CaseContext context)
    {
        var (height, width) = ((int)maps.shape[1], (int)maps.shape[2]);
        var segments = golden.Json.GetProperty("segments").EnumerateArray().ToList();
        // the shares are taken inside the masks as they are, overlaps included
        var masks = FineStageGolden.Masks(golden.Read("in.masks"));
        for (var i = 0; i < segments.Count; i++)
        {
            var mask = FineStageGolden.ToTensor(SegmentMasks.Area(masks[i], width, height));
            golden.Compare(context, $"out.rho_mask.{i}", mask);
            TrainingGolden.Compare(context, $"rho of segment {i}", golden.Json.GetProperty("rho")[i],
                [.. TrainingGolden.Ints(segments[i].GetProperty("tokens")).Select(token => HeatMaps.Inside(maps[token], mask))], network: true);
        }
    }
}
