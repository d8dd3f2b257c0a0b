using System.Text.Json.Nodes;
using Realign.Clip.Text;
using Realign.Core.Errors;
using Realign.Core.Prompts;
using Realign.Diffusion.Adapters;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.TextualInversion;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>
/// Embeddings in the text states, against a text encoder in float64 whose token table was made longer by hand, as diffusers does it, and what is refused.
/// </summary>
public sealed class TextualInversionTests(Miniature miniature) : IClassFixture<Miniature>, IDisposable
{
    private const int Width = 128;

    private readonly EmbeddingFiles _files = new();

    private StableDiffusionPipeline Pipeline => miniature.Pipeline;

    private TextTower Tower => Pipeline.Prompts.Tower;

    [Theory]
    [InlineData("emb_params")]
    [InlineData("clip_l")]
    [InlineData("<cat-toy>")]
    public void Encode_WordInPromptAndNegativePrompt_IsItsRowsBehindTheTable(string key)
    {
        using var scope = NewDisposeScope();
        var vectors = _files.Write("style", (key, [3, Width]))[key];
        var request = Request("a red (style-x) car", ("style", "style-x")) with { NegativePrompts = ["embedding:style apple"], ClipSkip = 1 };
        var table = Tower.Model.TokenEmbedding.weight.ToSingles();

        var conditions = Pipeline.Prompts.Encode(request, guided: true);

        using var longer = Longer(Checkout.Miniature("generator"), "text_encoder", vectors, Width);
        int[] ids = [.. Ids(Tower, "a red ("), .. Rows(Tower, 3), .. Ids(Tower, ") car")];
        var output = Run(longer, Tower, ids);
        Distance(conditions.Positive, longer.FinalNorm(output.HiddenStates[^2])).ShouldBeLessThan(2e-5);
        Distance(conditions.Negative!, Run(longer, Tower, [.. Rows(Tower, 3), .. Ids(Tower, "apple")]).LastHiddenState).ShouldBeLessThan(2e-5);
        Tower.Model.TokenEmbedding.weight.ToSingles().ShouldBe(table);
        var plain = Request("a red (style-x) car");
        var without = Pipeline.Prompts.Encode(plain, guided: false).Positive;
        Distance(without, Run(longer, Tower, Ids(Tower, "a red (style-x) car")).LastHiddenState).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void Encode_XlWord_IsTheRowsOfBothTowers_AndThePooledTextIsThatOfTheEndToken()
    {
        var snapshot = Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot");
        using var xl = StableDiffusionSnapshot.Load(snapshot, TorchPlacement.Cpu);
        using var scope = NewDisposeScope();
        var (first, second) = (xl.Prompts.Towers[0], xl.Prompts.Towers[1]);
        var (width, width2) = (first.Model.Config.HiddenSize, second.Model.Config.HiddenSize);
        var vectors = _files.Write("xl", ("clip_g", [2, width2]), ("clip_l", [2, width]));
        var embeddings = new EmbeddingFolder(_files.Folder).Load([new TextualInversionChoice("xl", "<zebra-x>")], [], xl);

        var conditions = xl.Prompts.Encode(new PromptRequest { Prompts = ["a <ZEBRA-X> car"], Prompts2 = ["the <zebra-x>"], Embeddings = embeddings }, false);

        using var longer = Longer(snapshot, "text_encoder", vectors["clip_l"], width);
        using var longer2 = (CLIPTextModelWithProjection)Longer(snapshot, "text_encoder_2", vectors["clip_g"], width2);
        int[] ids2 = [.. Ids(second, "the"), .. Rows(second, 2)];
        var output2 = Run(longer2, second, ids2);
        var states = cat([Run(longer, first, [.. Ids(first, "a"), .. Rows(first, 2), .. Ids(first, "car")]).HiddenStates[^2], output2.HiddenStates[^2]], -1);
        Distance(conditions.Positive, states).ShouldBeLessThan(2e-5);
        Distance(conditions.PooledPositive!, longer2.Project(output2.LastHiddenState.select(1, ids2.Length + 1))).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void Encode_BundledInAnAdapter_IsThatOfAFile_AndMayHideAWordOfTheModel()
    {
        using var scope = NewDisposeScope();
        var values = _files.Write("style", ("emb_params", [2, Width]))["emb_params"];
        Tensor States(string prompt, PromptEmbeddings? embeddings) =>
            Pipeline.Prompts.Encode(new PromptRequest { Prompts = [prompt], Embeddings = embeddings }, guided: false).Positive;
        PromptEmbeddings? Bundled(string name, string key) => new EmbeddingFolder(_files.Folder).Load([],
            [new BundledEmbedding(name, new Dictionary<string, EmbeddingVectors> { [key] = new(2, Width, values) })], Pipeline);

        var ofFile = States("a style-x car", Load(("style", "style-x"))).ToSingles();

        States("a style-x car", Bundled("style-x", "string_to_param.*")).ToSingles().ShouldBe(ofFile);
        States("a red car", Bundled("red", "emb_params")).ToSingles().ShouldBe(ofFile);
        Should.Throw<ModelLoadException>(() => Bundled("red", "clip_l_out")).Message.ShouldContain("behind the text encoder");
        var both = Should.Throw<InvalidInputException>(() => new EmbeddingFolder(_files.Folder).Load([new TextualInversionChoice("style", "style-x")],
            [new BundledEmbedding("style-x", new Dictionary<string, EmbeddingVectors> { ["emb_params"] = new(2, Width, values) })], Pipeline));
        both.Field.ShouldBe("textual_inversions[0].token");
    }

    [Fact]
    public void Encode_Refiner_ReadsTheSecondTowersVectorsOfAnXlEmbedding()
    {
        using var snapshot = new RefinerSnapshot(Path.Combine(ConformancePack.Require(), "diffusion", "sdxl", "snapshot"));
        using var refiner = StableDiffusionSnapshot.Load(snapshot.Location, TorchPlacement.Cpu);
        using var scope = NewDisposeScope();
        var tower = refiner.Prompts.Towers.ShouldHaveSingleItem();
        var width = tower.Model.Config.HiddenSize;
        var vectors = _files.Write("xl", ("clip_g", [2, width]), ("clip_l", [2, 16]));
        var embeddings = new EmbeddingFolder(_files.Folder).Load([new TextualInversionChoice("xl", "<zebra-x>")], [], refiner);

        var states = refiner.Prompts.Encode(new PromptRequest { Prompts = ["a <zebra-x> car"], Embeddings = embeddings }, false).Positive;

        using var longer = Longer(snapshot.Location, "text_encoder_2", vectors["clip_g"], width);
        Distance(states, Run(longer, tower, [.. Ids(tower, "a"), .. Rows(tower, 2), .. Ids(tower, "car")]).HiddenStates[^2]).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void Encode_WeightedAndCompel_WeightAllItsRows()
    {
        using var scope = NewDisposeScope();
        _files.Write("style", ("emb_params", [3, Width]));
        Tensor States(string text, PromptSyntax syntax) =>
            Pipeline.Prompts.Encode(Request(text, ("style", "style-x")) with { Syntax = syntax }, guided: false).Positive.to(ScalarType.Float64);
        var plain = States("a style-x car", PromptSyntax.Plain);
        var (before, weights) = (Ids(Tower, "a").Length + 1, ones(1, Tower.ContextLength, 1, dtype: ScalarType.Float64));
        weights.narrow(1, before, 3).fill_(Scalars.Of(1.3));

        var weighted = States("a (style-x:1.3) car", PromptSyntax.Weighted);
        var compel = States("a (style-x)1.3 car", PromptSyntax.Compel);

        var scaled = plain * weights;
        Distance(weighted, scaled * (plain.mean() / scaled.mean())).ShouldBeLessThan(2e-5);
        var empty = States("", PromptSyntax.Plain);
        Distance(compel, empty + ((plain - empty) * weights)).ShouldBeLessThan(2e-5);
    }

    [Fact]
    public void Tokenize_EmbeddingAtTheEndOfAChunk_IsCutAsPlainText_AndGoesWholeIntoTheNextOfWebUIs()
    {
        _files.Write("style", ("emb_params", [3, Width]));
        var filler = string.Join(' ', Enumerable.Repeat("blue", Tower.Room - 1));
        Ids(Tower, filler).Length.ShouldBe(Tower.Room - 1);
        var request = Request("", ("style", "<style-x>"));

        var plain = Tower.Tokenize($"{filler} <style-x> red car", request);
        var chunks = Tower.Tokenize($"{filler} <style-x> red car", request with { Syntax = PromptSyntax.Weighted, MaxChunks = 2 });

        plain.Ids[Tower.Room].ShouldBe(Rows(Tower, 3)[0]);
        plain.TruncatedRest.ShouldBe("<style-x> red car");
        chunks.TruncatedRest.ShouldBeEmpty();
        chunks.Ids[Tower.Room].ShouldBe(Tower.Tokenizer.EosId);
        chunks.Ids[(Tower.ContextLength + 1)..(Tower.ContextLength + 4)].ShouldBe(Rows(Tower, 3));
    }

    [Theory]
    [InlineData("a style-x car", true)]
    [InlineData("a STYLE-X, car", true)]
    [InlineData("a style-xy car", false)]
    [InlineData("a lifestyle-x car", false)]
    [InlineData("a style-x_2 car", false)]
    public void Tokenize_Word_IsFoundWhole_WhateverItsCase(string text, bool isFound)
    {
        _files.Write("style", ("emb_params", [2, Width]));
        var request = Request(text, ("style", "style-x"));

        Tower.Tokenize(text, request).Ids.Any(id => id >= Tower.Model.Config.VocabSize).ShouldBe(isFound);
        request.Embeddings!.Unused(request).Any().ShouldBe(!isFound);
    }

    [Fact]
    public void Load_ForAnotherModel_NamesBothFamilies()
    {
        _files.Write("one", ("emb_params", [2, 768]));
        _files.Write("two", ("<toy>", [1024]));
        _files.Write("xl", ("clip_l", [2, 768]), ("clip_g", [2, 1280]));
        _files.Write("odd", ("clip_l", [2, 768]), ("clip_g", [3, 1280]));
        _files.Write("adapter", ("a.lora_A.weight", [2, 2]), ("a.lora_B.weight", [2, 2]));
        _files.Write("long", ("emb_params", [Tower.Room + 1, Width]));

        Refused("one").ShouldContain("Stable Diffusion 1.x (text width 768), and this model is a model of text width 128");
        Refused("two").ShouldContain("Stable Diffusion 2.x");
        Refused("xl").ShouldContain("Stable Diffusion XL");
        Refused("odd").ShouldContain("clip_l has 2 vectors and clip_g 3");
        Refused("adapter").ShouldContain("a.lora_A.weight");
        Refused("long").ShouldContain($"it has {Tower.Room + 1} vectors, and the text encoder reads {Tower.Room} tokens");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.NegativeInfinity)]
    public void Load_NumberThatIsNotFinite_IsRefused(float number)
    {
        _files.Write("broken", "emb_params", [1, Width], [.. Enumerable.Repeat(0f, Width - 1), number]);

        Refused("broken").ShouldContain("key 'emb_params' holds NaN or infinity");
    }

    [Fact]
    public void Load_Pickle_IsRefusedByName_WithTheWayOut()
    {
        File.WriteAllBytes(Path.Combine(_files.Folder, "old.pt"), [0x80, 2]);

        var refused = Should.Throw<ModelLoadException>(() => Load(("old", "<old>")));

        refused.Message.ShouldContain("old.pt");
        refused.Message.ShouldContain("pickle");
        refused.WayOut.ShouldContain("convert it to .safetensors");
    }

    [Fact]
    public void Load_UnknownName_OrOneThatLeadsOut_IsNotFound_AndSubfoldersAreNamed()
    {
        _files.Write("faces/old man", ("emb_params", [2, Width]));
        _files.Write("style", ("emb_params", [2, Width]));
        using var outside = new EmbeddingFiles();
        outside.Write("secret", ("emb_params", [2, Width]));
        File.CreateSymbolicLink(Path.Combine(_files.Folder, "link.safetensors"), Path.Combine(outside.Folder, "secret.safetensors"));

        Should.Throw<NotFoundException>(() => Load(("nowhere", "x-y"))).WayOut.ShouldContain("faces/old man, link, style");
        Should.Throw<NotFoundException>(() => Load(($"../{Path.GetFileName(outside.Folder)}/secret", "x-y")));
        Should.Throw<NotFoundException>(() => Load(("style.safetensors", "x-y")));
        Refused("link").ShouldContain("leads out of the embedding folder");
        Load(("faces/old man", "<man-x>"))!.Tokens.ShouldBe(["<man-x>"]);
        Should.Throw<NotFoundException>(() => new EmbeddingFolder(null).Load([new TextualInversionChoice("a", "a")], [], Pipeline))
            .WayOut.ShouldContain("Generator:Embeddings");
    }

    [Theory]
    [InlineData("car")]
    [InlineData("Red")]
    [InlineData("<|endoftext|>")]
    public void Load_TokenThatIsAWordOfTheModel_IsRefused(string token)
    {
        _files.Write("style", ("emb_params", [2, Width]));

        var refused = Should.Throw<InvalidInputException>(() => Load(("style", token)));

        refused.Field.ShouldBe("textual_inversions[0].token");
        refused.Problem.ShouldContain("a word of the model itself");
    }

    [Fact]
    public void Load_SameTokenTwice_IsRefused()
    {
        _files.Write("style", ("emb_params", [2, Width]));

        Should.Throw<InvalidInputException>(() => Load(("style", "<style-x>"), ("style", "<Style-X>"))).Field.ShouldBe("textual_inversions[1].token");
    }

    public void Dispose() => _files.Dispose();

    private PromptEmbeddings? Load(params (string Name, string Token)[] choices) =>
        new EmbeddingFolder(_files.Folder).Load([.. choices.Select(choice => new TextualInversionChoice(choice.Name, choice.Token))], [], Pipeline);

    private string Refused(string name) => Should.Throw<ModelLoadException>(() => Load((name, "<word-x>"))).Message;

    private PromptRequest Request(string prompt, params (string Name, string Token)[] choices) => new()
    {
        Prompts = [prompt],
        Embeddings = Load(choices),
    };

    private static int[] Ids(TextTower tower, string text) => tower.Tokenizer.Encode(text)[1..^1];

    private static int[] Rows(TextTower tower, int count) => [.. Enumerable.Range(tower.Model.Config.VocabSize, count)];

    private static CLIPTextOutput Run(CLIPTextModel model, TextTower tower, int[] ids)
    {
        using var grad = no_grad();
        long[] padded = [tower.Tokenizer.BosId, .. ids.Select(id => (long)id), tower.Tokenizer.EosId];
        return model.forward(tensor([.. padded, .. Enumerable.Repeat((long)tower.Tokenizer.PadId, tower.ContextLength - padded.Length)]).unsqueeze(0));
    }

    // the same weights in float64, with further rows in the token table itself
    private static CLIPTextModel Longer(string snapshot, string part, float[] vectors, int width)
    {
        const string Table = "text_model.embeddings.token_embedding.weight";
        using var copy = new SnapshotCopy(Path.Combine(snapshot, part));
        float[] table;
        var weights = Path.GetFileName(Directory.GetFiles(copy.Folder, "*.safetensors").Single());
        using (var file = SafetensorsFile.Open(copy.In(weights)))
            table = [.. file.ReadSingles(Table), .. vectors];
        copy.Put(weights, Table, [table.Length / width, width], table);
        copy.Edit("config.json", config => config["vocab_size"] = JsonValue.Create(table.Length / width));
        var placement = new TorchPlacement(CPU, ScalarType.Float64);
        return part == "text_encoder" ? CLIPTextModel.Load(copy.Folder, placement) : CLIPTextModelWithProjection.Load(copy.Folder, placement);
    }

    private static double Distance(Tensor a, Tensor b) => a.to(ScalarType.Float64).sub(b).abs().max().ToDouble();
}
