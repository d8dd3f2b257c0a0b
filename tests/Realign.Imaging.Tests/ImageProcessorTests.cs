using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Imaging.Tests;

/// <summary>Bad preprocessor files, extreme pictures, and what must hold for every resize.</summary>
public sealed class ImageProcessorTests
{
    private const string Clip = """
        { "image_processor_type": "CLIPImageProcessor", "size": { "shortest_edge": 32 }, "do_center_crop": true,
          "crop_size": { "height": 32, "width": 32 }, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5] }
        """;

    [Theory]
    [InlineData("[]", "JSON object")]
    [InlineData("{", "JSON")]
    [InlineData("{}", "image_mean")]
    [InlineData("""{ "size": { "shortest_edge": 0 }, "image_mean": [0, 0, 0], "image_std": [1, 1, 1] }""", "shortest_edge")]
    [InlineData("""{ "size": { "shortest_edge": 1000000000 }, "image_mean": [0, 0, 0], "image_std": [1, 1, 1] }""", "shortest_edge")]
    [InlineData("""{ "size": { "height": 8 }, "image_mean": [0, 0, 0], "image_std": [1, 1, 1] }""", "size")]
    [InlineData("""{ "size": 8, "image_mean": [0, 0], "image_std": [1, 1, 1] }""", "image_mean")]
    [InlineData("""{ "size": 8, "image_mean": [0, 0, 0], "image_std": [1, 0, 1] }""", "image_std")]
    [InlineData("""{ "size": 8, "image_mean": [0, 0, "x"], "image_std": [1, 1, 1] }""", "")]
    [InlineData("""{ "size": 8, "resample": 9, "image_mean": [0, 0, 0], "image_std": [1, 1, 1] }""", "resample")]
    [InlineData("""{ "size": 8, "do_resize": "yes", "image_mean": [0, 0, 0], "image_std": [1, 1, 1] }""", "")]
    public void Parse_BadFile_NamesTheField(string json, string field) =>
        Should.Throw<ModelLoadException>(() => ImageProcessorConfig.Parse(json)).Message.ShouldContain(field);

    [Fact]
    public void Load_MissingFile_IsALoadProblem() =>
        Should.Throw<ModelLoadException>(() => ImageProcessor.Load(Path.Combine(Path.GetTempPath(), "no-such-model")));

    [Theory]
    [InlineData(60_000, 1)]
    [InlineData(1, 60_000)]
    public void Process_NeedleOfAPicture_IsRefusedInsteadOfGrowingToGigabytes(int width, int height)
    {
        var processor = new ImageProcessor(ImageProcessorConfig.Parse(Clip.Replace("\"shortest_edge\": 32", "\"shortest_edge\": 2000",
            StringComparison.Ordinal)));

        var refusal = Should.Throw<InvalidInputException>(() => processor.Process(new RgbImage(width, height, new byte[width * height * 3])));

        refusal.Value.ShouldBe($"{width}x{height}");
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 90)]
    [InlineData(31, 33)]
    [InlineData(500, 40)]
    public void Process_AnySize_GivesTheCropSize(int width, int height)
    {
        var processed = new ImageProcessor(ImageProcessorConfig.Parse(Clip)).Process(new RgbImage(width, height, new byte[width * height * 3]));

        (processed.Height, processed.Width).ShouldBe((32, 32));
        processed.PixelValues.ShouldAllBe(value => value == -1);
    }

    [Theory]
    [InlineData(PillowFilter.Nearest)]
    [InlineData(PillowFilter.Bilinear)]
    [InlineData(PillowFilter.Bicubic)]
    [InlineData(PillowFilter.Lanczos)]
    [InlineData(PillowFilter.Box)]
    [InlineData(PillowFilter.Hamming)]
    public void Resize_FlatPicture_StaysFlat(PillowFilter filter)
    {
        var random = new Random(7);
        for (var round = 0; round < 60; round++)
        {
            var (width, height) = (random.Next(1, 60), random.Next(1, 60));
            var value = (byte)random.Next(256);
            var flat = Enumerable.Repeat(value, width * height * 3).ToArray();

            PillowResize.Resize(new RgbImage(width, height, flat), random.Next(1, 90), random.Next(1, 90), filter).Pixels.ShouldAllBe(pixel => pixel == value);
        }
    }

    [Fact]
    public void Resize_SameSize_IsACopy()
    {
        var image = ImageDecoder.Decode(Pictures.Ball());

        var copy = PillowResize.Resize(image, image.Width, image.Height, PillowFilter.Bicubic);

        copy.Pixels.ShouldBe(image.Pixels);
        copy.Pixels.ShouldNotBeSameAs(image.Pixels);
    }

    [Fact]
    public void Resize_MirroredPicture_GivesTheMirroredResult()
    {
        var random = new Random(11);
        var image = new RgbImage(37, 5, [.. Enumerable.Range(0, 37 * 5 * 3).Select(_ => (byte)random.Next(256))]);

        Mirror(PillowResize.Resize(image, 16, 5, PillowFilter.Lanczos)).Pixels.ShouldBe(PillowResize.Resize(Mirror(image), 16, 5, PillowFilter.Lanczos).Pixels);
    }

    private static RgbImage Mirror(RgbImage image)
    {
        var pixels = new byte[image.Pixels.Length];
        for (var i = 0; i < image.Width * image.Height; i++)
            image.Pixels.AsSpan(i * 3, 3).CopyTo(pixels.AsSpan(((i / image.Width * image.Width) + image.Width - 1 - (i % image.Width)) * 3));
        return new RgbImage(image.Width, image.Height, pixels);
    }
}
