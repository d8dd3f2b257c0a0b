using System.Runtime.InteropServices;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Mesh.Tests;

/// <summary>What a trainer asks for: rewards of an image that the mesh itself drew.</summary>
public sealed class RewardTests(RunningMesh mesh)
{
    [Fact]
    public async Task Score_OfADrawnImage_HasValuesAndAGradient()
    {
        using var call = new GeneratorService.GeneratorServiceClient(mesh.Generator.Channel).Generate(RunningMesh.Request,
            cancellationToken: TestContext.Current.CancellationToken);
        var png = Google.Protobuf.ByteString.Empty;
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).DefaultTimeout())
            png = call.ResponseStream.Current.Result?.Images[0].Png ?? png;
        var image = new Image { Encoded = png };

        var response = await new RewardService.RewardServiceClient(mesh.Gateway.Channel).ScoreAsync(new ScoreRequest
        {
            Items = { new ScoreItem { Image = image, Prompt = RunningMesh.Request.Prompt }, new ScoreItem { Image = image, Prompt = "a blue guitar" } },
            Rewards = { new RewardSpec { Kind = RewardKind.Caption }, new RewardSpec { Kind = RewardKind.Likelihood },
                new RewardSpec { Kind = RewardKind.Clip } },
            Gradient = new GradientOptions(),
        }, cancellationToken: TestContext.Current.CancellationToken).ResponseAsync.DefaultTimeout();

        response.Items.Count.ShouldBe(2);
        foreach (var item in response.Items)
        {
            item.Error.ShouldBeNull();
            item.Values.Select(value => value.Kind).ShouldBe([RewardKind.Caption, RewardKind.Likelihood, RewardKind.Clip]);
            item.Reward.ShouldBe(item.Values.Sum(value => value.Value), 1e-4f);
            item.Gradient.Shape.ShouldBe([3, 64, 64]);
            var gradient = MemoryMarshal.Cast<byte, float>(item.Gradient.Data.Span).ToArray();
            gradient.ShouldAllBe(value => float.IsFinite(value));
            gradient.ShouldContain(value => value != 0);
        }

        // what the image was drawn for fits it better than what it was not
        response.Items[0].Reward.ShouldBeGreaterThan(response.Items[1].Reward);
    }
}
