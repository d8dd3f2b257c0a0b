using Realign.Conformance.Runner;
using Realign.Core.Configs;
using Realign.Safetensors;
using Realign.Torch;
using Realign.Torch.Weights;
using Realign.VisionLanguage.Opt;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>OPT with post-norm blocks and projected embeddings, padded on either side.</summary>
public sealed class Opt350mSuite : IConformanceSuite
{
    public string Folder => "vision-language/opt-350m-style";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var golden = new Golden(folder);
        foreach (var side in new[] { "right", "left" })
            yield return new($"padded-{side}", context => Run(golden, context, side));
    }

    private static void Run(Golden golden, CaseContext context, string side)
    {
        var folder = golden.Snapshot();
        var reader = ConfigReader.Open(Path.Combine(folder, "config.json"));
        var config = OPTConfig.Read(reader);
        using var model = new OPTForCausalLM(config);
        reader.ThrowIfAny();
        using var weights = SafetensorsSet.OpenFolder(folder, "model");
        StateDict.Load(model, weights, TorchPlacement.Cpu, new KeyRules { Tied = OPTForCausalLM.TiedKeys(config) });
        using var grad = no_grad();
        var mask = golden.Tensor($"attention_mask_{side}");
        var kept = mask.unsqueeze(-1);
        var logits = model.Logits(model.Embed(golden.Tensor($"input_ids_{side}")), mask, (name, value) =>
        {
            if (golden.Has($"act_{side}.model.decoder.{name}"))
                golden.Near(context, $"act_{side}.model.decoder.{name}", value.mul(kept));
        });
        golden.Near(context, $"logits_{side}", logits.mul(kept));
    }
}
