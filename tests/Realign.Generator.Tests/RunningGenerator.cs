using Realign.Testing;
using Realign.V1;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>One Generator with the miniature, shared by the tests of a class.</summary>
public sealed class RunningGenerator : IAsyncLifetime
{
    public TestService Service { get; private set; } = null!;

    public GeneratorService.GeneratorServiceClient Client => new(Service.Channel);

    public async ValueTask InitializeAsync() => Service = await TestService.StartAsync(GeneratorApp.Build);

    public ValueTask DisposeAsync() => Service.DisposeAsync();

    /// <summary>All events of one call.</summary>
    public Task<List<GenerateResponse>> EventsAsync(GenerateRequest request) => EventsAsync(Client, request);

    public static async Task<List<GenerateResponse>> EventsAsync(GeneratorService.GeneratorServiceClient client, GenerateRequest request,
        DateTime? deadline = null)
    {
        using var call = client.Generate(request, deadline: deadline);
        var events = new List<GenerateResponse>();
        while (await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken).DefaultTimeout())
            events.Add(call.ResponseStream.Current);
        return events;
    }

    public async Task<GenerateResult> ResultAsync(GenerateRequest request) => (await EventsAsync(request))[^1].Result;
}
