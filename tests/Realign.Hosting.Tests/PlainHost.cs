using Microsoft.Extensions.Logging.Abstractions;
using Realign.Hosting.Models;
using Realign.Testing;

namespace Realign.Hosting.Tests;

/// <summary>The host of a model that is nothing: what runs on it is the test's.</summary>
internal static class PlainHost
{
    public static async Task<ModelHost<object>> StartAsync(int capacity)
    {
        var host = new ModelHost<object>(
            new ModelHostOptions<object> { Name = "test", QueueCapacity = capacity, Load = _ => new object() },
            NullLogger<ModelHost<object>>.Instance, TimeProvider.System);
        await host.StartAsync(CancellationToken.None);
        await host.Settled.DefaultTimeout();
        return host;
    }
}
