using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realign.Core.Errors;
using Realign.Hosting.Scheduling;

namespace Realign.Hosting.Models;

/// <summary>
/// Loads one model on its own runner thread when the process starts, and hands it to calls once it is ready. A model that cannot
/// be loaded leaves the process up: health says NOT_SERVING and calls get FAILED_PRECONDITION with every problem found.
/// <para>
/// A call that fails in a way nobody foresaw may have broken the model for all later ones: the model is then checked with a small call of
/// its own, and if that fails too it is disposed and loaded again; meanwhile health says NOT_SERVING and calls get UNAVAILABLE.
/// </para>
/// </summary>
/// <typeparam name="TModel">The loaded, warmed-up model; disposed with the process on its own thread if it is disposable.</typeparam>
public sealed partial class ModelHost<TModel> : IHostedService, IModelState, IDisposable
    where TModel : class
{
    private readonly ModelHostOptions<TModel> _options;
    private readonly ILogger _logger;
    private readonly ModelRunner _runner;
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TModel? _model;
    private volatile RealignException? _failure;

    /// <summary>A host for one model.</summary>
    public ModelHost(ModelHostOptions<TModel> options, ILogger<ModelHost<TModel>> logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _logger = logger;
        _runner = new ModelRunner(options.Name, options.QueueCapacity, options.StallRule, time, new ModelLife(Begin, AfterFailure, End), options.Metrics);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public ModelStatus Status => this switch
    {
        { _failure: not null } => ModelStatus.Failed,
        { _model: null } => ModelStatus.Loading,
        _ => _runner.Stall is null ? ModelStatus.Ready : ModelStatus.Stalled,
    };

    /// <inheritdoc/>
    public string? Problem => _failure is { } failure ? $"{failure.Message}. {failure.WayOut}" : _model is null ? null : _runner.Stall;

    /// <inheritdoc/>
    public Task Settled => _settled.Task;

    /// <inheritdoc/>
    public bool IsEnded => _runner.IsEnded;

    /// <inheritdoc/>
    public int QueueLength => _runner.QueueLength;

    /// <inheritdoc/>
    public int QueueDepth => _runner.QueueDepth;

    /// <inheritdoc cref="ModelRunner.IsPreparing"/>
    internal bool IsPreparing => _runner.IsPreparing;

    /// <summary>Runs work with the model on its thread.</summary>
    /// <exception cref="UnavailableException">The model is being loaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunAsync<TResult>(Func<TModel, CancellationToken, TResult> work, CallTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.CancellationToken.ThrowIfCancellationRequested();
        ThrowUnlessServing();
        return _runner.RunAsync(token => work(Model(), token), terms);
    }

    /// <summary>
    /// Takes a place in the model's queue, makes the input off the model's thread, at most <see cref="ModelRunner.InputSlots"/> of them at a time,
    /// and runs work with it. For inputs that are large or take long to make, such as pictures.
    /// </summary>
    /// <param name="prepare">Makes the input under the caller's token. It runs after the call was admitted; what it throws is the call's answer.</param>
    /// <param name="work">What the model does with it.</param>
    /// <param name="terms">What decides when it runs.</param>
    /// <exception cref="UnavailableException">The model is being loaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TModel, TInput, CancellationToken, TResult> work, CallTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.CancellationToken.ThrowIfCancellationRequested();
        ThrowUnlessServing();
        return _runner.RunAsync(prepare, (input, token) => work(Model(), input, token), terms);
    }

    /// <summary>As <see cref="RunAsync{TInput, TResult}"/>, for work on several calls in one pass: those that wait and have the same batch key.</summary>
    /// <param name="prepare">Makes the input of one call.</param>
    /// <param name="work">Gets the inputs of one call or more, gives a result for each. See <see cref="ModelRunner.RunTogetherAsync"/>.</param>
    /// <param name="terms">What decides when it runs, and with which others.</param>
    /// <exception cref="UnavailableException">The model is being loaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunTogetherAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TModel, IReadOnlyList<TInput>, CancellationToken, IReadOnlyList<TResult>> work, CallTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.CancellationToken.ThrowIfCancellationRequested();
        ThrowUnlessServing();
        return _runner.RunTogetherAsync(prepare, (inputs, token) => work(Model(), inputs, token), terms);
    }

    /// <inheritdoc cref="ModelRunner.Yield"/>
    public void Yield() => _runner.Yield();

    /// <summary>Asks what the loaded model knows without computing, e.g. how much work a call would be. On the caller's thread.</summary>
    /// <exception cref="UnavailableException">The model is being loaded, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    public TAnswer Ask<TAnswer>(Func<TModel, TAnswer> question)
    {
        ArgumentNullException.ThrowIfNull(question);
        return question(Model());
    }

    /// <summary>Starts loading; does not wait for it.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = _started.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>Tells the work in progress to end; does not wait for it. The server has stopped taking calls before.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _runner.Stop();
        return Task.CompletedTask;
    }

    /// <summary>Stops and disposes the model on its thread; gives up on a thread that does not end within <see cref="ModelRunner.StopLimit"/>.</summary>
    public void Dispose()
    {
        _runner.Stop();
        _ = _started.TrySetResult();
        _runner.Dispose();
    }

    private void ThrowUnlessServing()
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

    private TModel Model()
    {
        if (_failure is UnavailableException stopping)
            throw stopping;
        if (_failure is { } failure)
            throw new FailedPreconditionException($"model {Name} is not loaded: {failure.Message}", failure.WayOut);
        return _model ?? throw new UnavailableException($"model {Name} is being loaded", "ask again when health says SERVING");
    }

    private void Begin(CancellationToken stopping)
    {
        // the host starts its services after all of them were made
        _started.Task.Wait(CancellationToken.None);
        Load(_options.Load, stopping);
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
        Load(token =>
        {
            var again = _options.Load(token);
            try
            {
                probe(again, token);
                return again;
            }
            catch
            {
                (again as IDisposable)?.Dispose();
                throw;
            }
        }, stopping);
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
