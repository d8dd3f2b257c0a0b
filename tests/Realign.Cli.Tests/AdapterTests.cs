using System.Text.Json;
using Realign.Cli.Commands;
using Realign.Cli.Tests.Fakes;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Adapters as they are typed and listed.</summary>
[Collection(Cli.Collection)]
public sealed class AdapterTests
{
    [Theory]
    [InlineData("style", "style", null)]
    [InlineData("style=0.8", "style", 0.8f)]
    [InlineData("styles/ink=-1", "styles/ink", -1f)]
    [InlineData("a=b", "a=b", null)]
    [InlineData("a,b", "a,b", null)]
    [InlineData("a,b=0.5", "a", null, "b", 0.5f)]
    [InlineData("a,b,c=0.5,mid_block=2", "a,b", null, "c", 0.5f, "mid_block", 2f)]
    [InlineData("style=0.8,IN04=0.5,up_blocks.0.attentions.1=0", "style", 0.8f, "IN04", 0.5f, "up_blocks.0.attentions.1", 0f)]
    [InlineData("style,mid_block=x", "style,mid_block=x", null)]
    public void Typed_NameStrengthAndBlocks_AreRead(string text, string name, float? strength, params object[] blocks)
    {
        var adapter = AdapterText.Read(text);

        adapter.Name.ShouldBe(name);
        (adapter.HasStrength ? adapter.Strength : (float?)null).ShouldBe(strength);
        adapter.Blocks.SelectMany(block => new object[] { block.Block, block.Strength }).ShouldBe(blocks);
        (adapter.HasUnetStrength, adapter.HasClipStrength).ShouldBe((false, false));
    }

    [Fact]
    public void Typed_Parts_AreRead() =>
        AdapterText.Read("style=1,unet=0.5,clip=0").ShouldBe(new Adapter { Name = "style", Strength = 1, UnetStrength = 0.5f, ClipStrength = 0 });

    [Fact]
    public async Task Adapters_AreListed_WithWhatCannotBeUsed()
    {
        using var cli = new Cli();
        await using var services = await FakeServices.StartAsync();

        var (code, output, _) = await Cli.RunAsync("adapters", "--gateway", services.Address);
        var (_, json, _) = await Cli.RunAsync("adapters", "--json", "--gateway", services.Address);

        code.ShouldBe(ExitCodes.Success);
        foreach (var text in new[] { "styles/ink", "2.5 MB", "SD XL", "LoRA", "norms", "4, 8", "wash", "inkcat", "broken" })
            output.ShouldContain(text);
        JsonDocument.Parse(json).RootElement.GetProperty("adapters")[1].GetProperty("problem").GetString().ShouldBe("no safetensors");
    }
}
