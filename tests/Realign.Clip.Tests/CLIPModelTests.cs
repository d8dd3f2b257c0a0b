using Realign.Imaging;
using Realign.Rewards.Tensors;
using Realign.Testing;
using Realign.Tokenizers;
using Realign.Torch;
using Shouldly;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Clip.Tests;

/// <summary>Both towers of the embedded CLIP: what a feature depends on, and that pictures and texts meet.</summary>
public sealed class CLIPModelTests : IDisposable
{
    private static readonly string Folder = Checkout.Miniature("clip");
    private readonly CLIPModel _model = CLIPModel.Load(Folder, TorchPlacement.Cpu);
    private readonly ClipTokenizer _tokenizer = ClipTokenizer.Load(Folder);
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Cosine_PictureOfTwoObjects_IsNearestToItsCaption()
    {
        var picture = _model.ImageFeatures(Pixels()).expand(3, -1);
        var texts = Texts("a red car to the left of a pink elephant", "a green tree", "a blue dog and a white clock");

        var cosines = FeatureCosine.Of(picture, texts).data<float>().ToArray();

        cosines[0].ShouldBeGreaterThan(cosines[1] + 0.05f);
        cosines[0].ShouldBeGreaterThan(cosines[2] + 0.05f);
        cosines.ShouldAllBe(cosine => Math.Abs(cosine) <= 1.0001f);
    }

    [Fact]
    public void TextFeatures_PaddingBehindTheEnd_ChangesNothing()
    {
        int[] ids = _tokenizer.Encode("a red car");
        var plain = _model.TextFeatures(Ids(ids));

        var padded = _model.TextFeatures(Ids([.. ids, .. Enumerable.Repeat(_tokenizer.EosId, 5)]));

        Distance(plain, padded).ShouldBeLessThan(1e-4);
        Distance(plain, _model.TextFeatures(Ids(_tokenizer.Encode("a blue car")))).ShouldBeGreaterThan(0.1);
    }

    [Fact]
    public void TextFeatures_Batch_EqualsOneByOne()
    {
        var both = Texts("a red car", "a pink elephant");

        Distance(both.narrow(0, 0, 1), Texts("a red car")).ShouldBeLessThan(1e-4);
        Distance(both.narrow(0, 1, 1), Texts("a pink elephant")).ShouldBeLessThan(1e-4);
    }

    [Fact]
    public void EncodeText_AToken_IsReadByLaterOnesOnly()
    {
        var ids = _tokenizer.Encode("a red car");
        int[] other = [.. ids];
        other[2] = _tokenizer.Encode("blue")[1];

        var (first, second) = (_model.EncodeText(Ids(ids)).LastHiddenState, _model.EncodeText(Ids(other)).LastHiddenState);

        Distance(first.narrow(1, 0, 2), second.narrow(1, 0, 2)).ShouldBeLessThan(1e-5);
        Distance(first.narrow(1, 2, 1), second.narrow(1, 2, 1)).ShouldBeGreaterThan(0.1);
        _model.EncodeText(Ids(ids)).HiddenStates.Count.ShouldBe(_model.Config.Text.NumHiddenLayers + 1);
    }

    [Fact]
    public void EncodeText_MaskOfAnotherLength_IsRefused() => Should.Throw<ArgumentException>(() => _model.EncodeText(Ids([1, 2]), ones(1, 3)));

    [Fact]
    public void Cosine_OfAPicture_HasAGradientForItsPixels()
    {
        var pixels = Pixels().requires_grad_();

        FeatureCosine.Of(_model.ImageFeatures(pixels), Texts("a red car")).sum().backward();

        var gradient = pixels.grad.ShouldNotBeNull().data<float>().ToArray();
        gradient.ShouldAllBe(value => float.IsFinite(value));
        gradient.Max(value => Math.Abs(value)).ShouldBeGreaterThan(1e-6f);
    }

    [Fact]
    public void TextFeatures_IdsThatTheModelHasNot_AreRefused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => _model.TextFeatures(Ids([_model.Config.Text.VocabSize])));
        Should.Throw<ArgumentOutOfRangeException>(() => _model.TextFeatures(Ids([-1])));
        Should.Throw<ArgumentOutOfRangeException>(() => _model.TextFeatures(Ids(new int[_model.Config.Text.MaxPositionEmbeddings + 1])));
    }

    private Tensor Texts(params string[] texts)
    {
        var rows = texts.Select(text => _tokenizer.EncodePadded(text, _model.Config.Text.MaxPositionEmbeddings).Ids).ToList();
        return _model.TextFeatures(tensor(rows.SelectMany(row => row).Select(id => (long)id).ToArray(), rows.Count, rows[0].Length));
    }

    private static Tensor Ids(int[] ids) => tensor(Array.ConvertAll(ids, id => (long)id), 1, ids.Length);

    private static Tensor Pixels()
    {
        var file = Path.Combine(Checkout.Root, "tests", "Realign.Captioner.Tests", "Scenes", "red-car-left-of-pink-elephant.png");
        var processed = ImageProcessor.Load(Folder).Process(ImageDecoder.Decode(File.ReadAllBytes(file)));
        return tensor(processed.PixelValues, 1, 3, processed.Height, processed.Width);
    }

    private static double Distance(Tensor left, Tensor right) => left.sub(right).abs().max().ToSingle();
}
