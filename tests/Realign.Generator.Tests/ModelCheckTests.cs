using Realign.Diffusion.Generation;
using Realign.Testing;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>What the service does with its model after a call that failed unexpectedly.</summary>
public sealed class ModelCheckTests
{
    [Fact]
    public async Task HealthyModel_AfterAFailedCall_PassesItsCheckAndStays()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build);

        await ModelProbe.PassesAsync<ImageGenerator>(service);
    }
}
