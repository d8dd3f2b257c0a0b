using Realign.Diffusion.Adapters;
using Realign.Torch;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests.Adapters;

/// <summary>One adapter in every spelling in circulation is one picture, to the last bit.</summary>
public sealed class AdapterSpellingTests(Miniature miniature) : IClassFixture<Miniature>, IDisposable
{
    private const string Linear = "mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string FirstLinear = "middle_block.1.transformer_blocks.0.attn2.to_v";
    private const string Text = "text_model.encoder.layers.0.mlp.fc1";

    private readonly string _folder = Directory.CreateTempSubdirectory("realign-spelling").FullName;

    [Fact]
    public void LowRank_EverySpelling_IsTheSamePicture()
    {
        var draft = new AdapterDraft();
        _ = draft.Add("U.D", 4, 128);
        _ = draft.Add("U.U", 192, 4);
        _ = draft.Add("T.D", 4, 128);
        _ = draft.Add("T.U", 512, 4);
        var plain = miniature.Generate(Miniature.Request());
        var styled = Picture(Spelled(draft, "unet." + Linear, "text_encoder." + Text, ".lora_A.weight", ".lora_B.weight"));
        styled.ShouldNotBe(plain);

        (string UNet, string TextEncoder, string Down, string Up)[] spellings =
        [
            ("unet." + Linear, "text_encoder." + Text, ".lora.down.weight", ".lora.up.weight"),
            ("unet." + Linear, "text_encoder." + Text, ".lora_A.default.weight", ".lora_B.default.weight"),
            ("base_model.model." + Linear, "base_model.model." + Text, ".lora_A.weight", ".lora_B.weight"),
            ("base_model.model.unet." + Linear, "base_model.model.text_encoder." + Text, ".lora_A.weight", ".lora_B.weight"),
            ("unet.base_model.model." + Linear, "text_encoder.base_model.model." + Text, ".lora_A.weight", ".lora_B.weight"),
            (Linear.Replace(".to_v", ".processor.to_v_lora"), "text_encoder." + Text, ".down.weight", ".up.weight"),
            ("lora_unet_" + Linear.Replace('.', '_'), "lora_te_" + Text.Replace('.', '_'), ".lora_down.weight", ".lora_up.weight"),
            ("lora_unet_" + FirstLinear.Replace('.', '_'), "lora_te1_" + Text.Replace('.', '_'), ".lora_down.weight", ".lora_up.weight"),
            ("lycoris_" + Linear.Replace('.', '_'), "lora_te." + Text, ".lora_down.weight", ".lora_up.weight"),
            ("diffusion_model." + FirstLinear, "clip_l.transformer." + Text, ".lora_A.weight", ".lora_B.weight"),
            ("lora_unet." + Linear, "clip_l." + Text, ".lora_down.weight", ".lora_up.weight"),
            ("unet." + Linear, "text_encoder." + Text["text_model.".Length..], ".lora_linear_layer.down.weight", ".lora_linear_layer.up.weight"),
        ];
        foreach (var (unet, text, down, up) in spellings)
            Picture(Spelled(draft, unet, text, down, up)).ShouldBe(styled, unet);
    }

    [Theory]
    [InlineData("hada_w1_a:192,3", "hada_w1_b:3,128", "hada_w2_a:192,3", "hada_w2_b:3,128")]
    [InlineData("lokr_w1:8,4", "lokr_w2_a:24,3", "lokr_w2_b:3,32", "")]
    [InlineData("diff:192,128", "alpha:1", "", "")]
    public void OtherKinds_EverySpellingOfTheLayer_IsTheSamePicture(params string[] parts)
    {
        var draft = new AdapterDraft();
        foreach (var (key, shape) in parts.Where(part => part.Length > 0).Select(part => part.Split(':')).Select(pair => (pair[0], pair[1])))
            _ = draft.Add("U." + key, [.. shape.Split(',').Select(side => long.Parse(side, System.Globalization.CultureInfo.InvariantCulture))]);
        var plain = miniature.Generate(Miniature.Request());
        var styled = Picture(draft.Respelled(key => key.Replace("U.", "unet." + Linear + ".", StringComparison.Ordinal)));
        styled.ShouldNotBe(plain);

        foreach (var layer in new[] { "lora_unet_" + FirstLinear.Replace('.', '_'), "base_model.model." + Linear, "lycoris_" + Linear.Replace('.', '_') })
            Picture(draft.Respelled(key => key.Replace("U.", layer + ".", StringComparison.Ordinal))).ShouldBe(styled, layer);
        miniature.Generate(Miniature.Request()).ShouldBe(plain);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static AdapterDraft Spelled(AdapterDraft draft, string unet, string text, string down, string up) => draft.Respelled(key =>
        (key[0] == 'U' ? unet : text) + (key[^1] == 'D' ? down : up));

    private float[] Picture(AdapterDraft draft)
    {
        using var adapter = AdapterWeights.Load(draft.Save(Path.Combine(_folder, "a.safetensors")), miniature.Pipeline.Components, TorchPlacement.Cpu);
        using (adapter.Attach(1))
            return miniature.Generate(Miniature.Request());
    }
}
