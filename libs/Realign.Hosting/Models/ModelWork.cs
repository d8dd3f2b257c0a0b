using System.Diagnostics;
using Realign.Core.Errors;
using Realign.Hosting.Scheduling;
using Realign.Hosting.Telemetry;

namespace Realign.Hosting.Models;

/// <summary>A call whose input is made off the model's thread.</summary>
/// <param name="model">Name of the model.</param>
/// <param name="prepare">Makes the input; null where there is none to make.</param>
/// <param name="work">What the model does with the inputs of this call and those that joined it: a result for each.</param>
/// <param name="terms">What decides when it runs.</param>
internal sealed class ModelWork<TInput, TResult>(
    string model, Func<CancellationToken, TInput>? prepare, Func<IReadOnlyList<TInput>, CancellationToken, IReadOnlyList<TResult>> work, CallTerms terms)
    : ModelJob(terms)
{
    // the caller's: the model's thread has none of its own
    private readonly ActivityContext _trace = Activity.Current?.Context ?? default;
    private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TInput? _input;
    private TResult? _result;
    private Exception? _failure;

    public Task<TResult> Answer => _answer.Task;

    public override Exception? Failure => _failure;

    public override Exception? Prepare(CancellationToken stopping) => Guard(token => _input = prepare!(token), stopping);

    public override Exception? Run(CancellationToken stopping)
    {
        List<ModelWork<TInput, TResult>> calls = [this, .. Joined.Cast<ModelWork<TInput, TResult>>()];
        var activities = StartActivities(calls);
        if (calls.Count == 1 || !RunTogether(calls, stopping))
        {
            foreach (var call in calls)
                call._failure = call.Guard(token => call._result = work([call._input!], token)[0], stopping);
        }

        foreach (var call in calls)
            call._input = default;
        activities.ForEach(activity => activity?.Dispose());
        var failures = calls.Select(call => call._failure).OfType<Exception>().ToList();
        return failures.Find(failure => failure is not (RealignException or OperationCanceledException)) ?? failures.FirstOrDefault();
    }

    public override void Finish()
    {
        if (_failure is not null)
        {
            Fail(_failure);
            return;
        }

        _ = _answer.TrySetResult(_result!);
        Unwatch();
    }

    public override void Fail(Exception exception)
    {
        _ = exception is OperationCanceledException && Caller.IsCancellationRequested ? _answer.TrySetCanceled(Caller) : _answer.TrySetException(exception);
        Unwatch();
    }

    // in each caller's trace the work it waited for, linked with the others that had the same pass
    private List<Activity?> StartActivities(List<ModelWork<TInput, TResult>> calls) => [.. calls.Select(call => ServiceActivities.Source.StartActivity(
        $"model {model}", ActivityKind.Internal, call._trace,
        links: calls.Where(other => other != call && other._trace != default).Select(other => new ActivityLink(other._trace))))];

    /// <summary>One pass for all of them; whether each has its answer.</summary>
    private bool RunTogether(List<ModelWork<TInput, TResult>> calls, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var present = calls.Count;
        var registrations = calls.ConvertAll(call => call.Caller.Register(() =>
        {
            if (Interlocked.Decrement(ref present) == 0)
                ending.Cancel();
        }));
        try
        {
            var results = work(calls.ConvertAll(call => call._input!), ending.Token);
            for (var i = 0; i < calls.Count; i++)
                calls[i]._result = results[i];
            return true;
        }
#pragma warning disable CA1031 // one call may have spoiled it for all: each alone gets its own answer, or its own failure
        catch (Exception)
#pragma warning restore CA1031
        {
            return false;
        }
        finally
        {
            registrations.ForEach(registration => registration.Dispose());
        }
    }

    private Exception? Guard(Action<CancellationToken> action, CancellationToken stopping)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(Caller, stopping);
        try
        {
            linked.Token.ThrowIfCancellationRequested();
            action(linked.Token);
            return null;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested && !Caller.IsCancellationRequested)
        {
            return ModelRunner.ShuttingDown(model);
        }
#pragma warning disable CA1031 // whatever the model throws belongs to the caller who asked, never to this thread
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return exception;
        }
    }
}
