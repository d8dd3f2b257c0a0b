using Microsoft.Extensions.Logging;
using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>
/// One loading of a model: its thread, its queue, and the calls that are in it. A call that has entered keeps it until the call is answered, so one that
/// another version replaced is left in peace until then.
/// </summary>
/// <typeparam name="TModel">The model.</typeparam>
internal sealed partial class ModelVersion<TModel> : IDisposable
    where TModel : class
{
    private readonly ModelHostOptions<TModel> _options;
    private readonly Func<CancellationToken, TModel> _load;
    private readonly ILogger _logger;
    private readonly ModelRunner _runner;
    private readonly Task _started;
    private readonly Lock _entering = new();
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TModel? _model;
    private volatile RealignException? _failure;
    private int _calls;
    private bool _isRetired;

    /// <summary>Starts the thread, which loads the model.</summary>
    /// <param name="options">Of the model.</param>
    /// <param name="load">Reads and warms this version; on its thread.</param>
    /// <param name="started">Loading waits for it.</param>
    /// <param name="counters">Of the model.</param>
    /// <param name="logger">Of the model.</param>
    /// <param name="time">Clock.</param>
    public ModelVersion(
        ModelHostOptions<TModel> options, Func<CancellationToken, TModel> load, Task started, ModelCounters counters, ILogger logger, TimeProvider time)
    {
        _options = options;
        _load = load;
        _started = started;
        _logger = logger;
        _runner = new ModelRunner(
            options.Name, options.QueueCapacity, options.StallRule, time, new ModelLife(Begin, AfterFailure, End), options.Metrics, counters);
    }

    /// <summary>Its state.</summary>
    public ModelStatus Status => this switch
    {
        { _failure: not null } => ModelStatus.Failed,
        { _model: null } => ModelStatus.Loading,
        _ => _runner.Stall is null ? ModelStatus.Ready : ModelStatus.Stalled,
    };

    /// <summary>Why it could not be loaded; null otherwise.</summary>
    public RealignException? Failure => _failure;

    /// <summary>Why it could not be loaded, or what keeps it from answering; null otherwise.</summary>
    public string? Problem => _failure is { } failure ? $"{failure.Message}. {failure.WayOut}" : _model is null ? null : _runner.Stall;

    /// <summary>Ends when the model is ready or has failed.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Its queue and thread.</summary>
    public ModelRunner Runner => _runner;

    private string Name => _options.Name;

    /// <summary>A call comes in, unless the version was replaced.</summary>
    public bool TryEnter()
    {
        lock (_entering)
        {
            if (_isRetired)
                return false;
            _calls++;
            return true;
        }
    }

    /// <summary>A call was answered.</summary>
    public void Leave()
    {
        lock (_entering)
        {
            _calls--;
            if (_isRetired && _calls == 0)
                _ = _left.TrySetResult();
        }
    }

    /// <summary>Takes no calls any more.</summary>
    /// <returns>Ends when those that came have been answered.</returns>
    public Task Retire()
    {
        lock (_entering)
        {
            _isRetired = true;
            if (_calls == 0)
                _ = _left.TrySetResult();
        }

        return _left.Task;
    }

    /// <summary>The model.</summary>
    /// <exception cref="UnavailableException">It is being loaded, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">It could not be loaded.</exception>
    public TModel Model()
    {
        if (_failure is UnavailableException stopping)
            throw stopping;
        if (_failure is { } failure)
            throw new FailedPreconditionException($"model {Name} is not loaded: {failure.Message}", failure.WayOut);
        return _model ?? throw new UnavailableException($"model {Name} is being loaded", "ask again when health says SERVING");
    }

    /// <summary>Throws unless calls are taken.</summary>
    /// <exception cref="UnavailableException">The model is being loaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">It could not be loaded.</exception>
    public void ThrowUnlessServing()
    {
        _ = Model();
        if (_runner.Stall is { } stall)
        {
            throw new UnavailableException(stall, "ask another replica, or again when health says SERVING; restart the service if it stays so")
            {
                Reason = UnavailableException.ModelStalled,
            };
        }
    }

    /// <summary>Tells the work in progress to end; does not wait for it.</summary>
    public void Stop() => _runner.Stop();

    /// <inheritdoc/>
    public void Dispose() => _runner.Dispose();

    private void Begin(CancellationToken stopping)
    {
        // the host starts its services after all of them were made
        _started.Wait(CancellationToken.None);
        Load(_load, stopping);
    }

    private void AfterFailure(CancellationToken stopping)
    {
        if (_options.Probe is not { } probe || _model is not { } model || stopping.IsCancellationRequested)
            return;
        try
        {
            probe(model, stopping);
            Log.Passed(_logger, Name);
            return;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
#pragma warning disable CA1031 // a broken engine may throw anything
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.LoadsAgain(_logger, Name, exception);
        }

        _settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        DisposeModel();
        Load(token => _options.Probed(_load, token), stopping);
    }

    private void End()
    {
        _failure ??= ModelRunner.ShuttingDown(Name);
        DisposeModel();
    }

    private void Load(Func<CancellationToken, TModel> load, CancellationToken stopping)
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            stopping.ThrowIfCancellationRequested();
            _model = load(stopping);
            Log.Loaded(_logger, Name, TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            _failure = ModelRunner.ShuttingDown(Name);
        }
        catch (RealignException exception)
        {
            _failure = exception;
            Log.NotLoaded(_logger, Name, exception.Message, exception.WayOut);
        }
#pragma warning disable CA1031 // an engine may throw anything; the process stays up and says so
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failure = new FailedPreconditionException($"{exception.GetType().Name} while loading", "see the service's log");
            Log.LoadCrashed(_logger, Name, exception);
        }
        finally
        {
            _ = _settled.TrySetResult();
        }
    }

    private void DisposeModel()
    {
        var disposable = _model as IDisposable;
        _model = null;
        try
        {
            disposable?.Dispose();
        }
#pragma warning disable CA1031 // what is left of a broken model must not end its thread
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Log.NotDisposed(_logger, Name, exception);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "model {Name} is ready after {Milliseconds:0} ms")]
        public static partial void Loaded(ILogger logger, string name, double milliseconds);

        [LoggerMessage(EventId = 101, Level = LogLevel.Error, Message = "model {Name} cannot be loaded: {Problem}. {WayOut}")]
        public static partial void NotLoaded(ILogger logger, string name, string problem, string wayOut);

        [LoggerMessage(EventId = 102, Level = LogLevel.Error, Message = "model {Name} cannot be loaded")]
        public static partial void LoadCrashed(ILogger logger, string name, Exception exception);

        [LoggerMessage(EventId = 103, Level = LogLevel.Warning, Message = "model {Name} was not disposed cleanly")]
        public static partial void NotDisposed(ILogger logger, string name, Exception exception);

        [LoggerMessage(EventId = 104, Level = LogLevel.Warning, Message = "model {Name} failed a call unexpectedly and passed its check")]
        public static partial void Passed(ILogger logger, string name);

        [LoggerMessage(EventId = 105, Level = LogLevel.Error, Message = "model {Name} fails its check too and is loaded again")]
        public static partial void LoadsAgain(ILogger logger, string name, Exception exception);
    }
}
