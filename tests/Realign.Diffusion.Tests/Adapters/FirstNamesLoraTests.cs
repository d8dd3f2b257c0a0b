using System.Runtime.InteropServices;
using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.UNet;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>Adapters for XL in kohya's spelling with the first authors' names, on the small XL snapshot (three levels of two layers).</summary>
public sealed class FirstNamesLoraTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-lora-xl").FullName;
    private readonly Dictionary<string, nn.Module> _components;
    private readonly UNet2DConditionModel _unet;

    public FirstNamesLoraTests()
    {
        TorchRuntime.Initialize(0);
        var snapshot = Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot");
        _unet = UNet2DConditionModel.Load(Path.Combine(snapshot, "unet"), TorchPlacement.Cpu);
        _components = new Dictionary<string, nn.Module>
        {
            ["unet"] = _unet,
            ["text_encoder"] = CLIPTextModel.Load(Path.Combine(snapshot, "text_encoder"), TorchPlacement.Cpu),
            ["text_encoder_2"] = CLIPTextModelWithProjection.Load(Path.Combine(snapshot, "text_encoder_2"), TorchPlacement.Cpu),
        };
    }

    [Theory]
    [InlineData("input_blocks_0_0", "conv_in")]
    [InlineData("input_blocks_1_0_in_layers_2", "down_blocks.0.resnets.0.conv1")]
    [InlineData("input_blocks_2_0_emb_layers_1", "down_blocks.0.resnets.1.time_emb_proj")]
    [InlineData("input_blocks_3_0_op", "down_blocks.0.downsamplers.0.conv")]
    [InlineData("input_blocks_4_0_skip_connection", "down_blocks.1.resnets.0.conv_shortcut")]
    [InlineData("input_blocks_4_1_proj_in", "down_blocks.1.attentions.0.proj_in")]
    [InlineData("input_blocks_5_1_transformer_blocks_0_attn1_to_q", "down_blocks.1.attentions.1.transformer_blocks.0.attn1.to_q")]
    [InlineData("input_blocks_6_0_op", "down_blocks.1.downsamplers.0.conv")]
    [InlineData("input_blocks_8_1_transformer_blocks_1_attn2_to_out_0", "down_blocks.2.attentions.1.transformer_blocks.1.attn2.to_out.0")]
    [InlineData("middle_block_0_out_layers_3", "mid_block.resnets.0.conv2")]
    [InlineData("middle_block_1_transformer_blocks_1_ff_net_0_proj", "mid_block.attentions.0.transformer_blocks.1.ff.net.0.proj")]
    [InlineData("middle_block_2_in_layers_2", "mid_block.resnets.1.conv1")]
    [InlineData("output_blocks_0_1_transformer_blocks_0_attn2_to_k", "up_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k")]
    [InlineData("output_blocks_2_1_proj_out", "up_blocks.0.attentions.2.proj_out")]
    [InlineData("output_blocks_2_2_conv", "up_blocks.0.upsamplers.0.conv")]
    [InlineData("output_blocks_3_1_transformer_blocks_0_ff_net_2", "up_blocks.1.attentions.0.transformer_blocks.0.ff.net.2")]
    [InlineData("output_blocks_5_2_conv", "up_blocks.1.upsamplers.0.conv")]
    [InlineData("output_blocks_8_0_skip_connection", "up_blocks.2.resnets.2.conv_shortcut")]
    [InlineData("time_embed_0", "time_embedding.linear_1")]
    [InlineData("label_emb_0_2", "add_embedding.linear_2")]
    [InlineData("out_2", "conv_out")]
    public void Load_FirstName_IsTheLayer(string first, string path)
    {
        using var adapter = Load(Write(("lora_unet_" + first, Weight(path))));

        adapter.Modules.ShouldBe(["unet." + path]);
    }

    [Theory]
    [InlineData("lora_te1_text_model_encoder_layers_0_self_attn_q_proj", "text_encoder.text_model.encoder.layers.0.self_attn.q_proj")]
    [InlineData("lora_te2_text_model_encoder_layers_1_mlp_fc2", "text_encoder_2.text_model.encoder.layers.1.mlp.fc2")]
    [InlineData("lora_te2_text_projection", "text_encoder_2.text_projection")]
    [InlineData("text_encoder_2.text_model.encoder.layers.1.mlp.fc2", "text_encoder_2.text_model.encoder.layers.1.mlp.fc2")]
    [InlineData("base_model.model.text_encoder_2.text_model.encoder.layers.1.mlp.fc2", "text_encoder_2.text_model.encoder.layers.1.mlp.fc2")]
    [InlineData("clip_l.text_model.encoder.layers.1.mlp.fc2", "text_encoder.text_model.encoder.layers.1.mlp.fc2")]
    [InlineData("clip_g.transformer.text_model.encoder.layers.1.mlp.fc2", "text_encoder_2.text_model.encoder.layers.1.mlp.fc2")]
    [InlineData("diffusion_model.input_blocks.4.1.proj_in", "unet.down_blocks.1.attentions.0.proj_in")]
    [InlineData("unet.down_blocks.1.attentions.0.proj_in", "unet.down_blocks.1.attentions.0.proj_in")]
    public void Load_SpellingOfTwoTextEncoders_IsTheLayer(string name, string path)
    {
        var component = path[..path.IndexOf('.', StringComparison.Ordinal)];
        using var adapter = Load(Write((name, Weight(path[(component.Length + 1)..], component))));

        adapter.Modules.ShouldBe([path]);
    }

    [Theory]
    [InlineData("lora_unet_input_blocks_1_0_in_layers_0", "unet.down_blocks.0.resnets.0.norm1")]
    [InlineData("lora_unet_input_blocks_4_1_norm", "unet.down_blocks.1.attentions.0.norm")]
    [InlineData("lora_unet_middle_block_1_transformer_blocks_0_norm2", "unet.mid_block.attentions.0.transformer_blocks.0.norm2")]
    [InlineData("lora_unet_output_blocks_0_0_out_layers_0", "unet.up_blocks.0.resnets.0.norm2")]
    [InlineData("lora_unet_out_0", "unet.conv_norm_out")]
    [InlineData("lora_te2_text_model_final_layer_norm", "text_encoder_2.text_model.final_layer_norm")]
    public void Load_NormByItsFirstName_IsTheNorm(string name, string path)
    {
        var component = path[..path.IndexOf('.', StringComparison.Ordinal)];
        var draft = new AdapterDraft();
        _ = draft.Add(name + ".w_norm", Weight(path[(component.Length + 1)..], component));
        using var adapter = Load(draft.Save(Path.Combine(_folder, "norm.safetensors")));

        adapter.Modules.ShouldBe([path]);
    }

    [Fact]
    public void Load_EveryLayer_HasOneFirstName_AndTheSameEffectUnderBoth()
    {
        var layers = _unet.named_parameters().Where(item => item.name.EndsWith(".weight", StringComparison.Ordinal) && item.parameter.dim() is 2 or 4)
            .Select(item => item.name[..^".weight".Length]).ToList();
        var published = layers.ConvertAll(path => ("lora_unet_" + path.Replace('.', '_'), Weight(path)));
        var first = layers.ConvertAll(path => ("lora_unet_" + FirstNames.Of(_unet.Config, path)!.Replace('.', '_'), Weight(path)));
        var plain = Forward();

        float[] With(List<(string, long[])> keys)
        {
            using var adapter = Load(Write([.. keys]));
            using (adapter.Attach(1))
                return Forward();
        }

        var adapted = With(published);
        adapted.ShouldNotBe(plain);
        With(first).ShouldBe(adapted);
    }

    [Fact]
    public void Load_FirstNameOfALayerThatIsNotThere_IsNamed() =>
        Should.Throw<ModelLoadException>(() => Load(Write(("lora_unet_input_blocks_9_1_proj_in", [32, 32])))).Problems
            .ShouldContain("key 'lora_unet_input_blocks_9_1_proj_in.lora_down.weight': the model has no such layer");

    public void Dispose()
    {
        foreach (var module in _components.Values)
            module.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private long[] Weight(string path, string component = "unet") =>
        _components[component].named_parameters().Single(item => item.name == path + ".weight").parameter.shape;

    private AdapterWeights Load(string file) => AdapterWeights.Load(file, _components, TorchPlacement.Cpu);

    private float[] Forward()
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor Random(params long[] shape) => randn(shape, generator: generator);
        var pooled = _unet.Config.AddedInputDim!.Value - (6 * _unet.Config.AdditionTimeEmbedDim!.Value);
        return _unet.forward(Random(1, 4, 8, 8), tensor(500L).view(1), Random(1, 5, _unet.Config.CrossAttentionDim),
            new AddedConditions(Random(1, pooled), Random(1, 6))).ToSingles();
    }

    private string Write(params (string Name, long[] Weight)[] layers)
    {
        const int Rank = 2;
        var random = new Random(5);
        (string, SafetensorsDType, IReadOnlyList<long>, ReadOnlyMemory<byte>) Tensor(string key, long[] shape)
        {
            var values = new float[shape.Aggregate(1L, (product, side) => product * side)];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)(random.NextDouble() - 0.5) * 0.1f;
            return (key, SafetensorsDType.F32, shape, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }

        var file = Path.Combine(_folder, $"{Guid.NewGuid():n}.safetensors");
        SafetensorsWriter.Write(file, layers.SelectMany(layer => new[]
        {
            Tensor(layer.Name + ".lora_down.weight", [Rank, .. layer.Weight[1..]]),
            Tensor(layer.Name + ".lora_up.weight", layer.Weight.Length == 4 ? [layer.Weight[0], Rank, 1, 1] : [layer.Weight[0], Rank]),
        }));
        return file;
    }
}
