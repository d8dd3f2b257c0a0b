using Google.Protobuf;
using Grpc.Core;
using NetVips;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Image = Realign.V1.Image;

namespace Realign.Tagger.Tests;

/// <summary>Formats that an operator allows, and what a caller asks for. A process of its own: what is allowed holds for the process.</summary>
public sealed class PictureFormatTests
{
    [Fact]
    public async Task AllowedFormat_GivesTheTagsOfThePicture_OthersAreRefused()
    {
        await using var service = await ChildService.StartAsync("Realign.Tagger", "--Tagger:Threads=1", "--Hosting:PictureFormats=gif");
        var client = new TaggerService.TaggerServiceClient(service.Channel);
        using var ball = NetVips.Image.NewFromBuffer(Pictures.Ball());
        using var other = ball.Invert();
        using var film = ball.Join(other, Enums.Direction.Vertical);
        using var frames = film.Mutate(mutable => mutable.Set(GValue.GIntType, "page-height", ball.Height));
        var animated = new Image { Encoded = ByteString.CopyFrom(frames.GifsaveBuffer()) };

        var still = await TagsAsync(client, new Image { Encoded = ByteString.CopyFrom(ball.GifsaveBuffer()) });

        still.Select(tag => tag.Name).ShouldContain("red");
        (await FailureAsync(client, animated)).ShouldContain("first_frame");
        animated.FirstFrame = true;
        (await TagsAsync(client, animated)).ShouldBe(still);
        var avif = ball.HeifsaveBuffer(compression: Enums.ForeignHeifCompression.Av1);
        (await FailureAsync(client, new Image { Encoded = ByteString.CopyFrom(avif) })).ShouldContain("is an AVIF picture");
    }

    private static async Task<IReadOnlyList<Tag>> TagsAsync(TaggerService.TaggerServiceClient client, Image image) =>
        (await client.TagAsync(new TagRequest { Image = image, IncludeUngroundable = true }).ResponseAsync.DefaultTimeout()).Tags;

    private static async Task<string> FailureAsync(TaggerService.TaggerServiceClient client, Image image)
    {
        var failure = await TestService.FailsAsync(() => TagsAsync(client, image));
        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        return failure.Status.Detail;
    }
}
