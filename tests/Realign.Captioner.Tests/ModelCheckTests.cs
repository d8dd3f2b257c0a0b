using Realign.Testing;
using Realign.VisionLanguage.Captioning;
using Xunit;

namespace Realign.Captioner.Tests;

/// <summary>What the service does with its model after a call that failed unexpectedly.</summary>
public sealed class ModelCheckTests
{
    [Fact]
    public async Task HealthyModel_AfterAFailedCall_PassesItsCheckAndStays()
    {
        await using var service = await TestService.StartAsync(CaptionerApp.Build);

        await ModelProbe.PassesAsync<ImageCaptioner>(service);
        await ModelProbe.PassesAsync<ClipScorer>(service);
    }
}
