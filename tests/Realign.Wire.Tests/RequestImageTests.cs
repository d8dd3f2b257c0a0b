using Google.Protobuf;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Imaging;
using Realign.Testing;
using Realign.V1;
using Realign.Wire.Images;
using Realign.Wire.Tensors;
using Shouldly;
using Xunit;

namespace Realign.Wire.Tests;

/// <summary>The one reader of a request's picture.</summary>
public sealed class RequestImageTests
{
    [Fact]
    public void NoImage_IsRefused() =>
        Should.Throw<InvalidInputException>(() => RequestImage.Read("items[2].image", null)).Field.ShouldBe("items[2].image");

    [Fact]
    public void EncodedPicture_StaysEightBits()
    {
        byte[] pixels = [1, 2, 3, 4, 5, 6];

        var picture = RequestImage.Read("image", new Image { Encoded = ByteString.CopyFrom(ImageEncoder.Png(new RgbImage(2, 1, pixels))) });

        picture.Rgb.ShouldNotBeNull().Pixels.ShouldBe(pixels);
        picture.Pixels.ShouldBeNull();
    }

    [Fact]
    public void FloatPixels_AreNotRoundedAndOvershootIsKept()
    {
        float[] pixels = [0.1f, 1.05f, -0.5f, 1.5f, 0.501f, 0];

        var picture = RequestImage.Read("image", new Image { Pixels = TensorWriter.Singles(pixels, 3, 1, 2) });

        picture.Pixels.ShouldBe(pixels);
        (picture.Height, picture.Width).ShouldBe((1, 2));
        picture.ToRgb().Pixels.ShouldBe([26, 0, 128, 255, 255, 0]);
    }

    [Theory]
    [InlineData(1.51f)]
    [InlineData(-0.51f)]
    [InlineData(255f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void PixelsThatWereNeverScaled_AreRefused(float value)
    {
        var failure = Should.Throw<InvalidInputException>(() =>
            RequestImage.Read("image", new Image { Pixels = TensorWriter.Singles([0, 0, value], 3, 1, 1) }));

        failure.Field.ShouldBe("image.pixels.data");
        failure.Message.ShouldContain("element 2");
    }

    [Fact]
    public void PixelsOfExtremeShape_AreRefusedBeforeTheyAreRead()
    {
        var failure = Should.Throw<InvalidInputException>(() =>
            RequestImage.Read("image", new Image { Pixels = new Tensor { DataType = DataType.Float32, Shape = { 3, 1, 2_000_000 } } }));

        failure.Field.ShouldBe("image.pixels.shape");
        failure.Message.ShouldContain("2000000x1");
    }

    [Fact]
    public void PicturesOfACall_AreCountedBeforeTheFirstIsDecoded()
    {
        var half = new Image { Encoded = ByteString.CopyFrom(Pictures.Claim(8192, 5000)) };
        using var pictures = new RequestPictures(("items[0].image", half), ("items[1].image", half));

        var failure = Should.Throw<InvalidInputException>(() => pictures.Read(CancellationToken.None));

        // the claims are false, which decoding would have found
        failure.Field.ShouldBe("items[1].image");
        failure.Message.ShouldContain("64 megapixels");
    }

    [Fact]
    public void PicturesOfACallThatIsOver_AreNotKept()
    {
        var pictures = new RequestPictures(("image", Pictures.AsRequest(Pictures.Ball())));
        pictures.Read(CancellationToken.None).All.Single().Width.ShouldBe(64);

        pictures.Dispose();

        Should.Throw<OperationCanceledException>(() => pictures.All);
        Should.Throw<OperationCanceledException>(() => pictures.Read(CancellationToken.None));
        Should.Throw<OperationCanceledException>(() => pictures.Use(all => all.Count));
    }

    [Theory]
    [InlineData(false, 48, 64)]
    [InlineData(true, 64, 48)]
    public void Orientation_IsObeyedUnlessTheCallerSaysOtherwise(bool ignore, int width, int height)
    {
        var picture = RequestImage.Read("image", new Image { Encoded = ByteString.CopyFrom(Pictures.Turned(6)), IgnoreOrientation = ignore });

        (picture.Width, picture.Height).ShouldBe((width, height));
    }
}
