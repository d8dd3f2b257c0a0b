using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using Realign.Captioner;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>Rewards of the real Captioner with the miniature models, through the Gateway.</summary>
public sealed class RealCaptionerTests
{
    private const int Size = 64;

    [Fact]
    public async Task CaptionReward_OfARealImage_IsACosineWithItsCaption()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");

        var response = await Score(gateway, new ScoreRequest
        {
            Items = { Pair(Pixels(), "a red car"), Pair(Pixels(), "a red car"), new ScoreItem { Prompt = "a red car",
                Image = new Image { Encoded = ByteString.CopyFromUtf8("no image") } } },
            Rewards = { new RewardSpec { Kind = RewardKind.Caption }, new RewardSpec { Kind = RewardKind.Likelihood } },
        });

        response.Items[0].Error.ShouldBeNull();
        response.Items[0].Values[0].Value.ShouldBeInRange(-1, 1);
        response.Items[0].Values[0].Caption.ShouldNotBeEmpty();
        response.Items[0].Values[1].Value.ShouldBeLessThan(0);
        response.Items[1].ShouldBe(response.Items[0]);
        response.Items[2].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
    }

    [Fact]
    public async Task Gradient_IsTheSlopeOfTheWeightedSum()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        var pixels = Pixels();
        RewardSpec[] rewards = [new() { Kind = RewardKind.Likelihood, Weight = 0.5f }, new() { Kind = RewardKind.Clip, Weight = 2 }];

        var item = (await Score(gateway, new ScoreRequest
        {
            Items = { Pair(pixels, "a red car") },
            Rewards = { rewards },
            Gradient = new GradientOptions()
        })).Items[0];

        item.Error.ShouldBeNull();
        item.Gradient.Shape.ShouldBe([3, Size, Size]);
        var gradient = MemoryMarshal.Cast<byte, float>(item.Gradient.Data.Span).ToArray();
        var length = Math.Sqrt(gradient.Sum(value => (double)value * value));
        length.ShouldBeGreaterThan(0);
        // along the gradient the sum rises by its length; a central difference has no first-order error
        const float Step = 0.02f;
        float[] Moved(float by) => [.. pixels.Select((value, index) => value + (float)(by * gradient[index] / length))];
        var values = await Score(gateway, new ScoreRequest
        {
            Items = { Pair(Moved(Step), "a red car"), Pair(Moved(-Step), "a red car") },
            Rewards = { rewards }
        });
        var slope = (values.Items[0].Reward - values.Items[1].Reward) / (2 * Step);
        slope.ShouldBe((float)length, (float)length * 0.05f);
    }

    [Fact]
    public async Task HalfGradient_OfTheSum_AgreesWithTheSingleOne()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");
        ScoreRequest Request(DataType dataType) => new()
        {
            Items = { Pair(Pixels(), "a red car") },
            Rewards = { new RewardSpec { Kind = RewardKind.Likelihood, Weight = 1e-3f }, new RewardSpec { Kind = RewardKind.Clip, Weight = 1e-3f } },
            Gradient = new GradientOptions { DataType = dataType },
        };

        var single = (await Score(gateway, Request(DataType.Float32))).Items[0].Gradient;
        var half = (await Score(gateway, Request(DataType.Float16))).Items[0].Gradient;

        var expected = MemoryMarshal.Cast<byte, float>(single.Data.Span).ToArray();
        var halves = MemoryMarshal.Cast<byte, Half>(half.Data.Span).ToArray();
        var error = Math.Sqrt(expected.Select((value, index) => Math.Pow(value - Math.ScaleB((double)halves[index], -half.ScaleLog2), 2)).Sum());
        (error / Math.Sqrt(expected.Sum(value => (double)value * value))).ShouldBeLessThan(5e-4);
    }

    [Fact]
    public async Task RewardWithoutItsModel_IsFailedPreconditionWithTheWayOut()
    {
        await using var captioner = await TestService.StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}");

        var failure = await TestService.FailsAsync(() => Score(gateway, new ScoreRequest
        {
            Items = { Pair(Pixels(), "a red car") },
            Rewards = { new RewardSpec { Kind = RewardKind.Itm } }
        }));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("Captioner:Retrieval");
        Calls.Info(failure).Metadata["reward"].ShouldBe("ITM");
    }

    private static async Task<ScoreResponse> Score(TestService gateway, ScoreRequest request) =>
        await new RewardService.RewardServiceClient(gateway.Channel).ScoreAsync(request).ResponseAsync.DefaultTimeout();

    /// <summary>A soft red blob on gray, far from 0 and 1 so that no clamp is met.</summary>
    private static float[] Pixels()
    {
        var pixels = new float[3 * Size * Size];
        for (var i = 0; i < Size * Size; i++)
        {
            var distance = (Math.Pow((i % Size) - 32, 2) + Math.Pow((i / Size) - 36, 2)) / 260;
            var blob = (float)Math.Exp(-distance);
            pixels[i] = 0.6f + (0.2f * blob);
            pixels[(Size * Size) + i] = 0.6f - (0.35f * blob);
            pixels[(2 * Size * Size) + i] = 0.6f - (0.35f * blob);
        }

        return pixels;
    }

    private static ScoreItem Pair(float[] pixels, string prompt) => new()
    {
        Prompt = prompt,
        Image = new Image
        {
            Pixels = new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 3, Size, Size },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(pixels.AsSpan()))
            }
        },
    };
}
