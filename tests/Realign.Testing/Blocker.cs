using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;

namespace Realign.Testing;

/// <summary>Keeps a model's thread busy until it is disposed, so that what a test sends next has to wait.</summary>
public sealed class Blocker : IAsyncDisposable
{
    private readonly ManualResetEventSlim _release = new();
    private readonly Task _work;

    private Blocker(Func<Action, Task> run) => _work = run(() => _release.Wait());

    /// <summary>Occupies the thread of a service's model.</summary>
    public static async Task<Blocker> OccupyAsync<TModel>(TestService service)
        where TModel : class
    {
        ArgumentNullException.ThrowIfNull(service);
        return await OccupyAsync(service.Services.GetRequiredService<ModelHost<TModel>>());
    }

    /// <summary>Occupies the thread of a model.</summary>
    public static async Task<Blocker> OccupyAsync<TModel>(ModelHost<TModel> host)
        where TModel : class
    {
        ArgumentNullException.ThrowIfNull(host);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocker = new Blocker(wait => host.RunAsync((_, _) =>
        {
            started.SetResult();
            wait();
            return true;
        }, new CallTerms(CancellationToken.None)));
        await started.Task.DefaultTimeout();
        return blocker;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _release.Set();
        await _work.DefaultTimeout();
        _release.Dispose();
    }
}
