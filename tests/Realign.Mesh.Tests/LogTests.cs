using Google.Protobuf;
using Grpc.Core;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Mesh.Tests;

/// <summary>What callers send is their own: no log of any service holds it, however much is logged.</summary>
public sealed class LogTests
{
    private const string Secret = "zebrafish";

    [Fact]
    public async Task Logs_HoldNeitherPromptsNorPixels()
    {
        await using var mesh = new RunningMesh { Settings = ["--Logging:LogLevel:Default=Trace"] };
        await mesh.InitializeAsync();
        var request = new RealignRequest { Generate = RunningMesh.Request };
        request.Generate.NegativePrompt = Secret;

        var events = await RunningMesh.EventsAsync(mesh.Client, request);
        var png = events.Single(response => response.EventCase == EventCase.Coarse).Coarse.Images[0].Png;
        _ = await new RewardService.RewardServiceClient(mesh.Gateway.Channel).ScoreAsync(new ScoreRequest
        {
            Items = { new ScoreItem { Prompt = Secret, Image = new Image { Encoded = png } }, new ScoreItem { Prompt = Secret,
                Image = new Image { Encoded = ByteString.CopyFromUtf8(Secret) } } },
            Rewards = { new RewardSpec { Kind = RewardKind.Caption } },
        });
        request.Generate.Prompt = $"{Secret}\0";
        (await TestService.FailsAsync(() => RunningMesh.EventsAsync(mesh.Client, request))).StatusCode.ShouldBe(StatusCode.InvalidArgument);

        TestService[] services = [mesh.Gateway, mesh.Generator, mesh.Captioner, mesh.Tagger, mesh.SceneScorer, mesh.Segmenter];
        foreach (var service in services)
        {
            var texts = service.Logs.Select(entry => entry.Text).ToList();
            texts.ShouldContain(text => text.StartsWith("/realign.v1."));
            foreach (var part in new[] { Secret, "elephant", "PNG", png.ToBase64()[..8] })
                texts.ShouldAllBe(text => !text.Contains(part));
        }
    }
}
