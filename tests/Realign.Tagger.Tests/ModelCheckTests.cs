using Realign.Grounding.Tagging;
using Realign.Testing;
using Xunit;

namespace Realign.Tagger.Tests;

/// <summary>What the service does with its model after a call that failed unexpectedly.</summary>
public sealed class ModelCheckTests
{
    [Fact]
    public async Task HealthyModel_AfterAFailedCall_PassesItsCheckAndStays()
    {
        await using var service = await TestService.StartAsync(TaggerApp.Build, "--Tagger:Threads=1");

        await ModelProbe.PassesAsync<ImageTagger>(service);
    }
}
