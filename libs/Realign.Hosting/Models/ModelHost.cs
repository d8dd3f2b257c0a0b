using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realign.Core.Errors;

namespace Realign.Hosting.Models;

/// <summary>
/// Loads one model on its own runner thread when the process starts, and hands it to calls once it is ready. A model that cannot
/// be loaded leaves the process up: health says NOT_SERVING and calls get FAILED_PRECONDITION with every problem found.
/// </summary>
/// <typeparam name="TModel">The loaded, warmed-up model; disposed with the process on its own thread if it is disposable.</typeparam>
public sealed partial class ModelHost<TModel> : IHostedService, IModelState, IDisposable
    where TModel : class
{
    private readonly ModelRunner _runner;
    private readonly Func<CancellationToken, TModel> _load;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TModel? _model;
    private RealignException? _failure;

    /// <summary>A host for one model.</summary>
    /// <param name="name">Name for messages and health.</param>
    /// <param name="queueCapacity">Calls that may wait.</param>
    /// <param name="load">Reads and warms the model; runs on the runner thread.</param>
    /// <param name="logger">Gets lifecycle messages.</param>
    public ModelHost(string name, int queueCapacity, Func<CancellationToken, TModel> load, ILogger<ModelHost<TModel>> logger)
    {
        _runner = new ModelRunner(name, queueCapacity);
        _load = load;
        _logger = logger;
    }

    /// <inheritdoc/>
    public string Name => _runner.Name;

    /// <inheritdoc/>
    public ModelStatus Status => _model is not null ? ModelStatus.Ready : _failure is null ? ModelStatus.Loading : ModelStatus.Failed;

    /// <inheritdoc/>
    public string? Problem => _failure is { } failure ? $"{failure.Message}. {failure.WayOut}" : null;

    /// <inheritdoc/>
    public Task Settled => _settled.Task;

    /// <summary>Calls that wait now.</summary>
    public int QueueLength => _runner.QueueLength;

    /// <summary>Runs work with the model on its thread.</summary>
    /// <exception cref="UnavailableException">The model is still loading.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full.</exception>
    public Task<TResult> RunAsync<TResult>(Func<TModel, CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var model = Model();
        return _runner.RunAsync(token => work(model, token), cancellationToken);
    }

    /// <summary>
    /// Takes a place in the model's queue, makes the input off the model's thread, at most <see cref="ModelRunner.InputSlots"/> of them at a time,
    /// and runs work with it. For inputs that are large or take long to make, such as pictures.
    /// </summary>
    /// <param name="prepare">Makes the input under the caller's token. It runs after the call was admitted; what it throws is the call's answer.</param>
    /// <param name="work">What the model does with it.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    /// <exception cref="UnavailableException">The model is still loading.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full; nothing was prepared.</exception>
    public Task<TResult> RunAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TModel, TInput, CancellationToken, TResult> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var model = Model();
        return _runner.RunAsync(prepare, (input, token) => work(model, input, token), cancellationToken);
    }

    /// <summary>Starts loading; does not wait for it.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _ = LoadAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_model is IDisposable disposable)
        {
            _model = null;
            try
            {
                _runner.RunAsync(_ => { disposable.Dispose(); return true; }, CancellationToken.None).GetAwaiter().GetResult();
            }
            catch (Exception exception) when (exception is RealignException or OperationCanceledException)
            {
                Log.NotDisposed(_logger, Name, exception.Message);
            }
        }

        _runner.Dispose();
    }

    private TModel Model()
    {
        if (_failure is UnavailableException stopping)
            throw stopping;
        if (_failure is { } failure)
            throw new FailedPreconditionException($"model {Name} is not loaded: {failure.Message}", failure.WayOut);
        return _model ?? throw new UnavailableException($"model {Name} is still loading", "ask again when health says SERVING");
    }

    private async Task LoadAsync()
    {
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            _model = await _runner.RunAsync(_load, CancellationToken.None);
            Log.Loaded(_logger, Name, TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
        }
        catch (Exception exception) when (exception is OperationCanceledException or UnavailableException)
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

    private static partial class Log
    {
        [LoggerMessage(EventId = 100, Level = LogLevel.Information, Message = "model {Name} is ready after {Milliseconds:0} ms")]
        public static partial void Loaded(ILogger logger, string name, double milliseconds);

        [LoggerMessage(EventId = 101, Level = LogLevel.Error, Message = "model {Name} cannot be loaded: {Problem}. {WayOut}")]
        public static partial void NotLoaded(ILogger logger, string name, string problem, string wayOut);

        [LoggerMessage(EventId = 102, Level = LogLevel.Error, Message = "model {Name} cannot be loaded")]
        public static partial void LoadCrashed(ILogger logger, string name, Exception exception);

        [LoggerMessage(EventId = 103, Level = LogLevel.Debug, Message = "model {Name} was not disposed on its thread: {Reason}")]
        public static partial void NotDisposed(ILogger logger, string name, string reason);
    }
}
