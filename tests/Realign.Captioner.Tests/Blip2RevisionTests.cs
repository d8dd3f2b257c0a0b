using System.Text.Json.Nodes;
using Grpc.Core;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>BLIP-2 checkpoints as revisions and tools left them: the pack's tiny ones saved again, and their look-alikes.</summary>
public sealed class Blip2RevisionTests
{
    private const string Opt = "blip2-opt";

    [Fact]
    public async Task ConfigWithoutWhatIsDerived_SaysTheSame()
    {
        var pack = new PackPart(Opt, "");
        using var copy = ModelCopy.Of(pack.Snapshot);
        Change(copy, config =>
        {
            _ = config.Remove("architectures");
            _ = config.Remove("use_decoder_only_language_model");
            _ = config.Remove("image_token_index");
            _ = config["qformer_config"]!.AsObject().Remove("encoder_hidden_size");
            config["vision_config"]!["qkv_bias"] = null;
            _ = config["text_config"]!.AsObject().Remove("model_type");
        });

        await SaysAsThePackAsync(pack, copy.Path);
    }

    [Theory]
    [InlineData(Opt)]
    [InlineData("blip2-t5")]
    public async Task SavedAgainByTransformers5_SaysTheSame(string part)
    {
        var pack = new PackPart(part, "");
        using var copy = ModelCopy.Of(pack.Snapshot);
        Change(copy, config =>
        {
            config["image_token_id"] = config["image_token_index"]!.DeepClone();
            _ = config.Remove("image_token_index");
            if (config["text_config"]!["model_type"]!.GetValue<string>() == "t5")
            {
                // its T5 is always "tied", and says apart whether outputs are scaled; the head is stored all the same
                config["text_config"]!["tie_word_embeddings"] = true;
                config["text_config"]!["scale_decoder_outputs"] = false;
            }
        });
        var preprocessor = Path.Combine(copy.Path, "preprocessor_config.json");
        var processor = Path.Combine(copy.Path, "processor_config.json");
        var joint = JsonNode.Parse(File.ReadAllText(processor))!;
        joint["image_processor"] = JsonNode.Parse(File.ReadAllText(preprocessor));
        File.WriteAllText(processor, joint.ToJsonString());
        foreach (var file in new[] { "preprocessor_config.json", "vocab.json", "merges.txt", "spiece.model", "special_tokens_map.json", "added_tokens.json" })
            File.Delete(Path.Combine(copy.Path, file));

        await SaysAsThePackAsync(pack, copy.Path);
    }

    [Fact]
    public async Task HeadOfItsOwn_IsUsedWhereTheConfigSaysSo_AndMissedWhereItIsNotThere()
    {
        var pack = new PackPart(Opt, "");
        using var copy = ModelCopy.Of(Path.Combine(Path.GetDirectoryName(pack.Snapshot)!, "snapshot-original"));
        Change(copy, config => config["text_config"]!["tie_word_embeddings"] = false);
        Rewrite(copy, tensor => IsHead(tensor) ? tensor with { Data = new byte[tensor.Data.Length] } : tensor);

        // a head of zeros finds every token of the vocabulary equally likely
        var vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(copy.Path, "config.json")))!["text_config"]!["vocab_size"]!.GetValue<int>();
        await using (var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={copy.Path}"))
        {
            var request = new ScorePromptRequest { Method = ScoreMethod.Likelihood, Items = { new ScoreItem { Image = pack.Image(0), Prompt = "a red car" } } };
            var score = (await CaptionerServiceTests.Client(service).ScorePromptAsync(request).ResponseAsync.DefaultTimeout()).Scores[0].Score;
            score.ShouldBe(-MathF.Log(vocabulary), 1e-4f);
        }

        Rewrite(copy, tensor => IsHead(tensor) ? null : tensor);
        (await RefusalAsync(copy.Path)).ShouldContain("missing key 'language_model.lm_head.weight'");
    }

    [Fact]
    public async Task CocoRevision_OfALargerPicture_IsLoaded_AndItsPreprocessorMustFit()
    {
        var pack = new PackPart(Opt, "");
        using var copy = ModelCopy.Of(pack.Snapshot);
        var side = 0;
        Change(copy, config =>
        {
            var vision = config["vision_config"]!;
            // as 364 is to 224: three patches more
            side = vision["image_size"]!.GetValue<int>() + (3 * vision["patch_size"]!.GetValue<int>());
            vision["image_size"] = side;
        });
        var patches = side / 14;
        Rewrite(copy, tensor =>
        {
            if (!tensor.Name.EndsWith("embeddings.position_embedding", StringComparison.Ordinal))
                return tensor;
            var rows = (patches * patches) + 1;
            var row = tensor.Data.Length / (int)tensor.Shape[1];
            return tensor with
            {
                Shape = [1, rows, tensor.Shape[2]],
                Data = [.. Enumerable.Range(0, rows).SelectMany(index => tensor.Data.Skip(index % (int)tensor.Shape[1] * row).Take(row))],
            };
        });

        (await RefusalAsync(copy.Path)).ShouldContain($"the vision tower takes {side}x{side}");

        copy.Rewrite("preprocessor_config.json", bytes =>
        {
            var json = JsonNode.Parse(bytes)!;
            json["size"] = new JsonObject { ["height"] = side, ["width"] = side };
            return System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
        });
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={copy.Path}");
        var caption = await CaptionerServiceTests.Client(service).CaptionAsync(new CaptionRequest { Image = pack.Image(0) }).ResponseAsync.DefaultTimeout();
        caption.NumTokens.ShouldBeGreaterThan(0);
        caption.MeanLogProbability.ShouldBeInRange(-20, 0);
    }

    [Theory]
    [InlineData("instructblip", "InstructBLIP", "blip2-flan-t5-xl")]
    [InlineData("llava", "LLaVA", "blip2-opt-2.7b")]
    [InlineData("llava_next", "LLaVA", "blip2-opt-2.7b")]
    [InlineData("git", "another kind of captioner", "blip2-opt-2.7b")]
    public async Task LookAlike_IsRefusedByNameWithTheWayOut(string modelType, string name, string wayOut)
    {
        using var copy = ModelCopy.Of(new PackPart(Opt, "").Snapshot);
        Change(copy, config => config["model_type"] = modelType);

        var refusal = await RefusalAsync(copy.Path);

        refusal.ShouldContain(name);
        refusal.ShouldContain(wayOut);
    }

    [Fact]
    public async Task QuantizedCheckpoint_IsRefusedByName()
    {
        using var copy = ModelCopy.Of(new PackPart(Opt, "").Snapshot);
        Change(copy, config => config["quantization_config"] = new JsonObject { ["load_in_8bit"] = true, ["quant_method"] = "bitsandbytes" });

        (await RefusalAsync(copy.Path)).ShouldContain("the weights are quantized");
    }

    [Fact]
    public async Task LavisCheckpoint_IsRefusedByName_AsAPickleAndSavedAgain()
    {
        var folder = Directory.CreateTempSubdirectory("realign-lavis");
        try
        {
            var pickle = Path.Combine(folder.FullName, "blip2_pretrained_opt2.7b.pth");
            File.WriteAllBytes(pickle, [0x50, 0x4b, 0x03, 0x04]);
            (await RefusalAsync(pickle)).ShouldContain("LAVIS");
            (await RefusalAsync(folder.FullName)).ShouldContain("LAVIS");

            File.Delete(pickle);
            var saved = Path.Combine(folder.FullName, "blip2.safetensors");
            OriginalLayout.Write(saved, [OriginalLayout.Numbers("Qformer.bert.encoder.layer.0.output.dense.weight", 2, 2),
                OriginalLayout.Numbers("visual_encoder.cls_token", 1, 1, 2)]);
            foreach (var path in new[] { saved, folder.FullName })
            {
                var refusal = await RefusalAsync(path);
                refusal.ShouldContain("LAVIS");
                refusal.ShouldContain("Salesforce/blip2-opt-2.7b");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("blip2-itm", "", "Captioner:Retrieval")]
    [InlineData("blip-itm", "itm-", "Captioner:Retrieval")]
    public async Task RetrievalModel_AsCaptioner_IsSentToItsSetting(string part, string prefix, string setting) =>
        (await RefusalAsync(new PackPart(part, prefix).Snapshot)).ShouldContain(setting);

    private static async Task SaysAsThePackAsync(PackPart pack, string path)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={path}");
        var generation = pack.Json.GetProperty("generation")[0];
        for (var index = 0; index < pack.Images; index++)
        {
            var caption = await CaptionerServiceTests.Client(service).CaptionAsync(new CaptionRequest
            {
                Image = pack.Image(index),
                MaxNewTokens = generation.GetProperty("args").GetProperty("max_new_tokens").GetInt32(),
            }).ResponseAsync.DefaultTimeout();
            caption.Caption.ShouldBe(generation.GetProperty("images")[index].GetProperty("text").GetString()!.Trim());
        }
    }

    private static async Task<string> RefusalAsync(string path)
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build, $"--Captioner:Model={path}");
        var failure = await TestService.FailsAsync(
            () => CaptionerServiceTests.Client(service).CaptionAsync(new CaptionRequest { Image = Scenes.Encoded() }).ResponseAsync);
        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        return failure.Status.Detail;
    }

    private static void Change(ModelCopy copy, Action<JsonObject> change) => copy.Rewrite("config.json", bytes =>
    {
        var config = JsonNode.Parse(bytes)!.AsObject();
        change(config);
        return System.Text.Encoding.UTF8.GetBytes(config.ToJsonString());
    });

    private static bool IsHead(LayoutTensor tensor) => tensor.Name.EndsWith("lm_head.weight", StringComparison.Ordinal);

    // all shards as one file
    private static void Rewrite(ModelCopy copy, Func<LayoutTensor, LayoutTensor?> change)
    {
        List<LayoutTensor> tensors;
        using (var weights = SafetensorsSet.OpenFolder(copy.Path, "model"))
            tensors = [.. weights.Files.SelectMany(file => OriginalLayout.Read(file.Path)).Select(change).OfType<LayoutTensor>()];
        foreach (var file in Directory.EnumerateFiles(copy.Path, "model*"))
            File.Delete(file);
        OriginalLayout.Write(Path.Combine(copy.Path, "model.safetensors"), tensors);
    }
}
