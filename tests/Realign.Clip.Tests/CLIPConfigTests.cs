using System.Text;
using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Clip.Tests;

/// <summary>Sizes come from the published file; what is not implemented is refused with every reason.</summary>
public sealed class CLIPConfigTests
{
    [Fact]
    public void Load_Miniature_HasItsSizes()
    {
        var config = CLIPConfig.Load(Checkout.Miniature("clip", "config.json"));

        config.ProjectionDim.ShouldBe(128);
        (config.Text.VocabSize, config.Text.EosTokenId, config.Text.MaxPositionEmbeddings).ShouldBe((723, 722, 32));
        (config.Vision.ImageSize, config.Vision.PatchSize, config.Vision.NumPositions).ShouldBe((64, 8, 65));
    }

    [Fact]
    public void Read_AbsentFields_TakeTheDefaultsOfTheModelClass()
    {
        var config = CLIPTextConfig.Read(Json("{}"));

        (config.VocabSize, config.HiddenSize, config.HiddenAct, config.EosTokenId).ShouldBe((49408, 512, "quick_gelu", 49407));
    }

    [Fact]
    public void Read_SeveralWrongFields_EveryOneIsNamed()
    {
        const string Config = """{"hidden_size":10,"num_attention_heads":3,"hidden_act":"swish","num_hidden_layers":0}""";

        var problems = Should.Throw<ModelLoadException>(() => CLIPTextConfig.Read(Json(Config))).Problems;

        problems.Count.ShouldBe(3);
        problems.ShouldContain(problem => problem.Contains("num_attention_heads", StringComparison.Ordinal));
        problems.ShouldContain(problem => problem.Contains("hidden_act", StringComparison.Ordinal));
        problems.ShouldContain(problem => problem.Contains("num_hidden_layers", StringComparison.Ordinal));
    }

    private static ConfigReader Json(string text) => ConfigReader.Parse("config.json", Encoding.UTF8.GetBytes(text));
}
