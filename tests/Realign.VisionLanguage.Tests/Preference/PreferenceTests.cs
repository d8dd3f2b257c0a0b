using Realign.Clip;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Safetensors;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.Tokenizers;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Realign.VisionLanguage.Generation;
using Realign.VisionLanguage.ImageReward;
using Realign.VisionLanguage.Preference;
using Realign.VisionLanguage.Scoring;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.VisionLanguage.Tests.Preference;

/// <summary>Rewards in the formats they are published in, against their formulas in float64 and against the same weights in another layout.</summary>
public sealed class PreferenceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void Hps_IsTheCosineOfThePaddedPicture()
    {
        using var checkpoint = RewardCheckpoint.Hps();
        using var scorer = HpsScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        using var model = CLIPModel.Load(RewardCheckpoint.Clip, RewardFormula.Double);
        var tokenizer = ClipTokenizer.Load(RewardCheckpoint.Clip);

        RewardCheck.AgreesWith("HPS", (pairs, gradient) => scorer.Score(pairs, gradient, Token),
            unit => RewardFormula.Cosine(model, tokenizer, RewardFormula.Padded(unit, model.Config.Vision.ImageSize), RewardCheck.Prompt));
    }

    [Fact]
    public void Hps_InOpenClipsLayout_EqualsTheSameWeightsAsACLIPModel()
    {
        using var checkpoint = RewardCheckpoint.Hps();
        using var file = HpsScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        using var folder = HpsScorer.Load(checkpoint.Folder, TorchPlacement.Cpu, Token);
        using var snapshot = HpsScorer.Load(RewardCheckpoint.Clip, TorchPlacement.Cpu, Token);

        foreach (var (height, width) in RewardCheck.Sizes)
        {
            PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(height, width), height, width), RewardCheck.Prompt)];
            var expected = snapshot.Score(pair, gradient: true, Token)[0];

            foreach (var scorer in new[] { file, folder })
            {
                var found = scorer.Score(pair, gradient: true, Token)[0];
                found.Score.ShouldBe(expected.Score);
                found.Gradient.ShouldBe(expected.Gradient);
                found.Prompt.ShouldBe(expected.Prompt);
            }
        }
    }

    [Fact]
    public void Hps_WithoutConfigBesideIt_IsReadAsViTH14()
    {
        using var checkpoint = RewardCheckpoint.Hps();
        File.Delete(Path.Combine(checkpoint.Folder, "open_clip_config.json"));

        var refused = Should.Throw<ModelLoadException>(() => HpsScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token));

        refused.Problems.ShouldContain("missing key 'vision_model.encoder.layers.31.mlp.fc1.weight'");
        refused.Problems.ShouldContain(problem => problem.Contains("the config asks for [49408, 1024]"));
    }

    [Fact]
    public void PickScore_IsTheScaledCosineOfTheCroppedPicture()
    {
        using var checkpoint = RewardCheckpoint.PickScore();
        using var scorer = PickScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        using var model = CLIPModel.Load(checkpoint.Location, RewardFormula.Double);
        using var file = SafetensorsFile.Open(Path.Combine(checkpoint.Location, "model.safetensors"));
        var scale = Math.Exp(file.ReadSingles("logit_scale")[0]);
        var tokenizer = ClipTokenizer.Load(checkpoint.Location);
        scale.ShouldBeGreaterThan(2);

        RewardCheck.AgreesWith("PickScore", (pairs, gradient) => scorer.Score(pairs, gradient, Token), unit => RewardFormula.Cosine(
            model, tokenizer, RewardFormula.Cropped(unit, model.Config.Vision.ImageSize, halfIsEven: false), RewardCheck.Prompt).mul(Scalars.Of(scale)), scale);
    }

    [Fact]
    public void PickScore_WithoutPreprocessorFile_PreparesPicturesAsClipDoes()
    {
        using var checkpoint = RewardCheckpoint.PickScore();
        using var with = PickScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        File.Delete(Path.Combine(checkpoint.Location, "preprocessor_config.json"));
        using var without = PickScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(50, 83), 50, 83), RewardCheck.Prompt)];

        without.Score(pair, gradient: false, Token)[0].Score.ShouldBe(with.Score(pair, gradient: false, Token)[0].Score);
    }

    [Fact]
    public void PickScore_InHalfPrecision_KeepsTheScaleOfTheFile()
    {
        var placement = new TorchPlacement(CPU, ScalarType.BFloat16);
        using var pickScore = PickScorer.Load(RewardCheckpoint.Clip, placement, Token);
        using var clip = ClipScorer.Load(RewardCheckpoint.Clip, placement, Token);
        using var file = SafetensorsFile.Open(Path.Combine(RewardCheckpoint.Clip, "model.safetensors"));
        PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(50, 83), 50, 83), RewardCheck.Prompt)];

        var cosine = clip.Score(pair, gradient: false, Token)[0].Score;

        (pickScore.Score(pair, gradient: false, Token)[0].Score / cosine).ShouldBe(MathF.Exp(file.ReadSingles("logit_scale")[0]), 1e-4f);
    }

    [Fact]
    public void ImageReward_WithTheTokenizerFilesOfBertAlone_ReadsTheSame()
    {
        using var copy = ModelCopy.Of(RewardCheckpoint.ImageReward);
        File.Delete(Path.Combine(copy.Path, "tokenizer.json"));
        File.Delete(Path.Combine(copy.Path, "special_tokens_map.json"));
        File.WriteAllText(Path.Combine(copy.Path, "tokenizer_config.json"), """{"do_lower_case": true, "model_max_length": 512}""");
        using var published = ImageRewardScorer.Load(RewardCheckpoint.ImageReward, TorchPlacement.Cpu, Token);
        using var plain = ImageRewardScorer.Load(copy.Path, TorchPlacement.Cpu, Token);
        PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(50, 83), 50, 83), "A Red car, left of a pink elephant!")];

        plain.Score(pair, gradient: false, Token)[0].ShouldBe(published.Score(pair, gradient: false, Token)[0]);
    }

    [Fact]
    public void NarrowPicture_IsRefusedWhereItsShorterEdgeIsBroughtToSize_AndPaddedByHps()
    {
        const int Length = 40_000;
        PicturePrompt[] pair = [new(new Picture(new float[3 * Length], Length, 1), "a")];
        using var checkpoint = RewardCheckpoint.Hps();
        using var hps = HpsScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        using var imageReward = ImageRewardScorer.Load(RewardCheckpoint.ImageReward, TorchPlacement.Cpu, Token);

        Should.Throw<InvalidInputException>(() => imageReward.Score(pair, gradient: false, Token)).Field.ShouldBe("image");
        float.IsFinite(hps.Score(pair, gradient: true, Token)[0].Score).ShouldBeTrue();
    }

    [Fact]
    public void Aesthetic_WithAClipOfItsOwn_IsRefusedByName()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(40);
        OriginalLayout.Write(checkpoint.Location,
            [.. OriginalLayout.Read(checkpoint.Location), OriginalLayout.Numbers("visual_projection.weight", 40, 40)]);

        Should.Throw<ModelLoadException>(() => AestheticPredictor.Load(checkpoint.Location, RewardCheckpoint.Clip, TorchPlacement.Cpu))
            .Problems.ShouldHaveSingleItem().ShouldContain("a CLIP of its own");
    }

    [Fact]
    public void ImageReward_IsTheStandardizedHeadOfWhatBlipReads()
    {
        using var scorer = ImageRewardScorer.Load(RewardCheckpoint.ImageReward, TorchPlacement.Cpu, Token);
        using var model = ImageRewardModel.Load(RewardCheckpoint.ImageReward, RewardFormula.Double);
        var tokenizer = BertTokenizer.Load(RewardCheckpoint.ImageReward);
        var weights = Path.Combine(RewardCheckpoint.ImageReward, "ImageReward.safetensors");

        RewardCheck.AgreesWith("ImageReward", (pairs, gradient) => scorer.Score(pairs, gradient, Token), unit =>
        {
            var pixels = RewardFormula.Cropped(unit, model.Config.Vision.ImageSize, halfIsEven: true);
            // padded to 35 as the reference pads
            var text = TokenBatch.Pad([tokenizer.Encode(RewardCheck.Prompt)], tokenizer.PadId, CPU, 35);
            var head = RewardFormula.Head(weights, "mlp.", model.TextFeatures(model.EncodeImage(pixels), text));
            return head.sub(Scalars.Of(0.16717362830052426)).div(Scalars.Of(1.0333394966054072));
        }, 3);
    }

    [Fact]
    public void ImageReward_NamedByItsFile_IsTheFoldersOne()
    {
        using var copy = ModelCopy.Of(RewardCheckpoint.ImageReward);
        var renamed = Path.Combine(copy.Path, "image_reward_v1.safetensors");
        File.Move(Path.Combine(copy.Path, "ImageReward.safetensors"), renamed);
        using var folder = ImageRewardScorer.Load(RewardCheckpoint.ImageReward, TorchPlacement.Cpu, Token);
        using var file = ImageRewardScorer.Load(renamed, TorchPlacement.Cpu, Token);
        PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(50, 83), 50, 83), RewardCheck.Prompt)];

        file.Score(pair, gradient: false, Token)[0].Score.ShouldBe(folder.Score(pair, gradient: false, Token)[0].Score);
    }

    [Fact]
    public void ImageReward_WithoutATokenizer_SaysWhichItNeeds()
    {
        using var copy = ModelCopy.Of(RewardCheckpoint.ImageReward);
        File.Delete(Path.Combine(copy.Path, "vocab.txt"));
        File.Delete(Path.Combine(copy.Path, "tokenizer.json"));

        Should.Throw<ModelLoadException>(() => ImageRewardScorer.Load(copy.Path, TorchPlacement.Cpu, Token)).WayOut.ShouldContain("bert-base-uncased");
    }

    [Fact]
    public void Aesthetic_IsTheHeadOfClipsImageFeatures()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(40);
        using var clip = ClipScorer.Load(RewardCheckpoint.Clip, TorchPlacement.Cpu, Token);
        using var predictor = AestheticPredictor.Load(checkpoint.Location, RewardCheckpoint.Clip, TorchPlacement.Cpu);
        using var model = CLIPModel.Load(RewardCheckpoint.Clip, RewardFormula.Double);

        RewardCheck.AgreesWith("Aesthetic", (pairs, gradient) => clip.ScoreAesthetic(pairs, predictor, gradient, Token), unit =>
        {
            var features = model.ImageFeatures(RewardFormula.Cropped(unit, model.Config.Vision.ImageSize, halfIsEven: false));
            return RewardFormula.Head(checkpoint.Location, "", features.div(features.square().sum().sqrt()));
        });
    }

    [Fact]
    public void Aesthetic_ReadsNoPrompt()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(40);
        using var clip = ClipScorer.Load(RewardCheckpoint.Clip, TorchPlacement.Cpu, Token);
        using var predictor = AestheticPredictor.Load(checkpoint.Folder, RewardCheckpoint.Clip, TorchPlacement.Cpu);
        var picture = new Picture(RewardCheck.Pixels(50, 83), 50, 83);

        var scored = clip.ScoreAesthetic([new(picture, ""), new(picture, "a red car")], predictor, gradient: false, Token);

        scored[0].Score.ShouldBe(scored[1].Score);
        scored.ShouldAllBe(pair => pair.Prompt == new TextReading(0, ""));
    }

    [Fact]
    public void Aesthetic_OfAnotherClip_IsRefusedWithBothWidths()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(768);

        var refused = Should.Throw<ModelLoadException>(() => AestheticPredictor.Load(checkpoint.Location, RewardCheckpoint.Clip, TorchPlacement.Cpu));

        refused.Problems.ShouldHaveSingleItem().ShouldContain("768");
        refused.WayOut.ShouldContain("Captioner:Clip");
    }

    [Fact]
    public void Aesthetic_WithActivations_IsRefusedByName()
    {
        using var checkpoint = RewardCheckpoint.Aesthetic(40);
        var tensors = OriginalLayout.Read(checkpoint.Location)
            .Select(tensor => tensor with { Name = tensor.Name.Replace("layers.2", "layers.3", StringComparison.Ordinal) }).ToList();
        OriginalLayout.Write(checkpoint.Location, tensors);

        Should.Throw<ModelLoadException>(() => AestheticPredictor.Load(checkpoint.Location, RewardCheckpoint.Clip, TorchPlacement.Cpu))
            .WayOut.ShouldContain("ReLU");
    }

    [Theory]
    [InlineData("HPS_v2.1_compressed.pt")]
    [InlineData("ImageReward.pt")]
    [InlineData("sac+logos+ava1-l14-linearMSE.pth")]
    public void Pickle_IsRefusedWithTheWayOut_AsFileAndInItsFolder(string name)
    {
        var folder = Directory.CreateTempSubdirectory("realign-reward");
        try
        {
            var file = Path.Combine(folder.FullName, name);
            File.WriteAllBytes(file, [0x50, 0x4b, 0x03, 0x04, .. new byte[600]]);
            foreach (var path in new[] { file, folder.FullName })
            {
                var refused = Should.Throw<ModelLoadException>(() => (name[0] switch
                {
                    'H' => (IDisposable)HpsScorer.Load(path, TorchPlacement.Cpu, Token),
                    'I' => ImageRewardScorer.Load(path, TorchPlacement.Cpu, Token),
                    _ => AestheticPredictor.Load(path, RewardCheckpoint.Clip, TorchPlacement.Cpu),
                }).Dispose());

                string.Join(" ", refused.Problems).ShouldContain("pickle");
                refused.WayOut.ShouldContain(".safetensors");
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void LongPrompts_AreCutAndReported()
    {
        var text = $"{string.Concat(Enumerable.Repeat("a red car and ", 40))}a purple elephant";
        PicturePrompt[] pair = [new(new Picture(RewardCheck.Pixels(42, 42), 42, 42), text)];
        using var checkpoint = RewardCheckpoint.Hps();
        using var hps = HpsScorer.Load(checkpoint.Location, TorchPlacement.Cpu, Token);
        using var pickScore = PickScorer.Load(RewardCheckpoint.Clip, TorchPlacement.Cpu, Token);
        using var imageReward = ImageRewardScorer.Load(RewardCheckpoint.ImageReward, TorchPlacement.Cpu, Token);

        foreach (var (scored, room) in new[] { (hps.Score(pair, false, Token)[0], 77), (pickScore.Score(pair, false, Token)[0], 77),
            (imageReward.Score(pair, false, Token)[0], 35) })
        {
            scored.Prompt.NumTokens.ShouldBe(room);
            scored.Prompt.Truncated.ShouldEndWith("elephant");
        }
    }
}
