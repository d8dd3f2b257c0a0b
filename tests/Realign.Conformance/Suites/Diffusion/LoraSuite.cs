using System.Globalization;
using System.Text.Json;
using Realign.Clip.Text;
using Realign.Conformance.Runner;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.UNet;
using Realign.Safetensors;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.Diffusion;

internal sealed class LoraSuite : IConformanceSuite
{
    public string Folder => "diffusion/lora";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        var pack = new DiffusionPack(folder);
        var index = pack.Json("cases.json");
        foreach (var lora in index.GetProperty("cases").EnumerateArray())
        {
            var stem = Path.GetFileNameWithoutExtension(lora.GetProperty("file").GetString()!);
            foreach (var check in lora.GetProperty("checks").EnumerateObject())
                yield return new ConformanceCase($"{stem}/scale{check.Name}", context => new Run(pack, index, context).Check(lora, stem, check.Name));
        }
    }

    private sealed class Run : IDisposable
    {
        private readonly DiffusionPack _pack;
        private readonly CaseContext _context;
        private readonly UNet2DConditionModel _unet;
        private readonly CLIPTextModel _text;
        private readonly Tensor _ids;
        private readonly Tensor[] _inputs;
        private readonly SafetensorsFile _expected;

        public Run(DiffusionPack pack, JsonElement index, CaseContext context)
        {
            _pack = pack;
            _context = context;
            var model = index.GetProperty("model").GetString()!;
            _unet = UNet2DConditionModel.Load(pack.File($"{model}/unet"), TorchPlacement.Cpu);
            _text = CLIPTextModel.Load(pack.File($"{model}/text_encoder"), TorchPlacement.Cpu);
            var inputs = index.GetProperty("inputs");
            using var file = pack.Tensors(inputs.GetProperty("file").GetString()!);
            _inputs = [.. new[] { "sample", "timestep", "encoder_hidden_states" }.Select(name => TensorConvert.Read(file, inputs.GetProperty(name)
                .GetString()!))];
            using var texts = pack.Tensors(inputs.GetProperty("text_file").GetString()!);
            _ids = TensorConvert.Read(texts, inputs.GetProperty("input_ids").GetString()!);
            _expected = pack.Tensors(index.GetProperty("expected").GetString()!);
        }

        public void Check(JsonElement lora, string stem, string scale)
        {
            using var grad = no_grad();
            using (this)
            {
                var components = new Dictionary<string, nn.Module> { ["unet"] = _unet, ["text_encoder"] = _text };
                using var weights = AdapterWeights.Load(_pack.File(lora.GetProperty("file").GetString()!), components, TorchPlacement.Cpu);
                _context.Equal("unet_modules", lora.GetProperty("unet_modules").GetInt32(), weights.Modules.Count(IsIn("unet")));
                _context.Equal("text_encoder_modules", lora.GetProperty("text_encoder_modules").GetInt32(), weights.Modules.Count(IsIn("text_encoder")));
                var strength = double.Parse(scale, CultureInfo.InvariantCulture);
                using (weights.Attach(strength))
                {
                    Compare($"{stem}.scale{scale}");
                    if (_expected.Entries.ContainsKey($"{stem}.scale{scale}.merged_weight"))
                        Merged(lora.GetProperty("merged_weight_of").GetString()!, $"{stem}.scale{scale}.merged_weight");
                }

                // two halves at once are the whole, and afterwards the base model is what it was
                using (weights.Attach(strength / 2))
                using (weights.Attach(strength / 2))
                    Compare($"{stem}.scale{scale}");
                Compare("base");
            }
        }

        private void Compare(string prefix)
        {
            DiffusionPack.Near(_context, _expected, $"{prefix}.unet_output", _unet.forward(_inputs[0], _inputs[1], _inputs[2]), _pack.Tolerance("lora_abs"));
            if (_expected.Entries.ContainsKey($"{prefix}.text_last_hidden_state"))
                DiffusionPack.Near(_context, _expected, $"{prefix}.text_last_hidden_state", _text.forward(_ids).LastHiddenState, _pack.Tolerance("lora_abs"));
        }

        private void Merged(string weight, string key)
        {
            var layer = _unet.named_modules().Single(module => module.name + ".weight" == weight).module;
            var linear = (Realign.Torch.Layers.Linear)layer;
            var merged = linear.weight.detach();
            foreach (var adapter in linear.adapters.Adapters)
                merged = merged.add(adapter.Up.mm(adapter.Down), alpha: Scalars.Of(adapter.Scale));
            DiffusionPack.Near(_context, _expected, key, merged, _pack.Tolerance("lora_abs"));
        }

        private static Func<string, bool> IsIn(string component) => path => path.StartsWith(component + ".", StringComparison.Ordinal);

        public void Dispose() => _expected.Dispose();
    }
}
