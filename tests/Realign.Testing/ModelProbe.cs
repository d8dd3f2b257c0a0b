using Microsoft.Extensions.DependencyInjection;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Xunit;

namespace Realign.Testing;

/// <summary>The check of a model after a call that failed unexpectedly.</summary>
public static class ModelProbe
{
    private static readonly CallTerms _terms = new(CancellationToken.None);

    /// <summary>Lets a call fail and fails itself unless the healthy model passes its check and stays where it is.</summary>
    public static async Task PassesAsync<TModel>(TestService service)
        where TModel : class
    {
        ArgumentNullException.ThrowIfNull(service);
        var host = service.Services.GetRequiredService<ModelHost<TModel>>();
        var before = await host.RunAsync((model, _) => model, _terms).DefaultTimeout();
        _ = await Assert.ThrowsAsync<InvalidOperationException>(
            () => host.RunAsync<int>((_, _) => throw new InvalidOperationException("made to fail"), _terms).DefaultTimeout());

        // behind the check
        var after = await host.RunAsync((model, _) => model, _terms).DefaultTimeout();

        Assert.Same(before, after);
        Assert.Contains(service.Logs, entry => entry.Text == $"model {host.Name} failed a call unexpectedly and passed its check");
    }
}
