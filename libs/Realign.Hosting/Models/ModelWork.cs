using System.Diagnostics;
using Realign.Hosting.Scheduling;
using Realign.Hosting.Telemetry;

namespace Realign.Hosting.Models;

/// <summary>A call whose input is made off the model's thread.</summary>
/// <param name="model">Name of the model.</param>
/// <param name="prepare">Makes the input; null where there is none to make.</param>
/// <param name="work">What the model does with it.</param>
/// <param name="terms">What decides when it runs.</param>
internal sealed class ModelWork<TInput, TResult>(
    string model, Func<CancellationToken, TInput>? prepare, Func<TInput, CancellationToken, TResult> work, CallTerms terms) : ModelJob(terms)
{
    // the caller's: the model's thread has none of its own
    private readonly ActivityContext _trace = Activity.Current?.Context ?? default;
    private readonly TaskCompletionSource<TResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TInput? _input;
    private TResult? _result;
    private Exception? _failure;

    public Task<TResult> Answer => _answer.Task;

    public override Exception? Prepare(CancellationToken stopping) => Guard(token => _input = prepare!(token), stopping);

    public override Exception? Run(CancellationToken stopping)
    {
        using var activity = ServiceActivities.Source.StartActivity($"model {model}", ActivityKind.Internal, _trace);
        _failure = Guard(token => _result = work(_input!, token), stopping);
        _input = default;
        return _failure;
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
