using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Captioner;
using Realign.Testing;
using Realign.Testing.Certificates;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Gateway.Tests;

/// <summary>A Gateway and a backend that show each other certificates.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly CertificateFiles _files = new();
    private readonly CertificateFiles _others = new();

    [Theory]
    [InlineData("https://127.0.0.1:")]
    [InlineData("dns+https:///localhost:")]
    public async Task WholeChain_ShowsAndAsksForCertificates_AndReplacesThemUnderLoad(string place)
    {
        await using var captioner = await StartAsync(CaptionerApp.Build);
        await using var gateway = await StartAsync(GatewayApp.Build, [$"--Gateway:Captioner={place}{PortOf(captioner)}", .. BackendSettings(_files)]);
        using var channel = TestService.Connect(gateway.Address, _files.Client(_files));
        var rewards = new RewardService.RewardServiceClient(channel);

        for (var round = 0; round < 3; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => ScoreAsync(rewards)).Append(Task.Run(() => _files.Issue())));
            using var fresh = TestService.Connect(gateway.Address, _files.Client(_files));
            await ScoreAsync(new RewardService.RewardServiceClient(fresh));
        }

        gateway.Logs.ShouldAllBe(entry => !entry.Text.Contains("PRIVATE KEY"));
    }

    [Fact]
    public async Task BackendOfAnotherAuthority_IsNotCalled_AndTheReasonIsTold()
    {
        await using var captioner = await StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(
            GatewayApp.Build, [$"--Gateway:Captioner={captioner.Address}", "--Gateway:Retries=0", .. BackendSettings(_others)]);

        var failure = await FailureAsync(gateway);

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        failure.Status.Detail.ShouldContain($"TLS with what listens at {captioner.Address} failed: ");
        Calls.Info(failure).Reason.ShouldBe("BACKEND_INSECURE");
        failure.Status.Detail.ShouldContain("Gateway:BackendCAFile");
        var client = new GatewayService.GatewayServiceClient(gateway.Channel);
        var status = await client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();
        status.Services.Single(service => service.Name == "captioner").Detail.ShouldContain("its certificate is not believed");
    }

    [Fact]
    public async Task BackendOfAnotherName_IsNotCalled()
    {
        _files.Issue(host: "elsewhere");
        await using var captioner = await StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(GatewayApp.Build,
            [$"--Gateway:Captioner=dns+https:///localhost:{PortOf(captioner)}", "--Gateway:Retries=0", .. BackendSettings(_files)]);

        (await FailureAsync(gateway)).Status.Detail.ShouldContain("TLS with what listens at");
    }

    [Fact]
    public async Task GatewayWithoutACertificate_IsRefused()
    {
        await using var captioner = await StartAsync(CaptionerApp.Build);
        await using var gateway = await TestService.StartAsync(
            GatewayApp.Build, $"--Gateway:Captioner={captioner.Address}", "--Gateway:Retries=0", $"--Gateway:BackendCAFile={_files.Authority}");

        var failure = await FailureAsync(gateway);

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        failure.Status.Detail.ShouldContain("Gateway:Backend");
    }

    [Fact]
    public void Files_ThatAreNotUsable_KeepTheGatewayFromStarting()
    {
        var refused = Should.Throw<OptionsValidationException>(() => GatewayApp.Build(
            [$"--Gateway:BackendCAFile={_files.Key}", $"--Gateway:BackendCertificateFile={_files.Certificate}"]));

        refused.Message.ShouldContain("Gateway:BackendCAFile = ");
        refused.Message.ShouldContain("Gateway:BackendCertificateKeyFile go together");
    }

    public void Dispose()
    {
        _files.Dispose();
        _others.Dispose();
    }

    private static int PortOf(TestService service) => new Uri(service.Address).Port;

    private static async Task ScoreAsync(RewardService.RewardServiceClient rewards)
    {
        var response = await rewards.ScoreAsync(Request()).ResponseAsync.DefaultTimeout();
        response.Items.ShouldHaveSingleItem().Error.ShouldBeNull();
    }

    private static Task<RpcException> FailureAsync(TestService gateway) =>
        TestService.FailsAsync(() => new RewardService.RewardServiceClient(gateway.Channel).ScoreAsync(Request()).ResponseAsync);

    private static ScoreRequest Request() => new()
    {
        Items = { new ScoreItem { Image = Pictures.AsRequest(Pictures.Ball()), Prompt = "a car" } },
        Rewards = { new RewardSpec { Kind = RewardKind.Likelihood } },
    };

    private static string[] BackendSettings(CertificateFiles files) =>
    [
        $"--Gateway:BackendCAFile={files.Authority}", $"--Gateway:BackendCertificateFile={files.Certificate}",
        $"--Gateway:BackendCertificateKeyFile={files.Key}",
    ];

    private Task<TestService> StartAsync(Func<string[], Microsoft.AspNetCore.Builder.WebApplication> build, params string[] settings) =>
        TestService.StartAsync(build,
        [
            "--urls=https://127.0.0.1:0", $"--Hosting:CertificateFile={_files.Certificate}", $"--Hosting:CertificateKeyFile={_files.Key}",
            $"--Hosting:ClientCAFile={_files.Authority}", .. settings,
        ]);
}
