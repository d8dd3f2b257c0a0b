using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Realign.Core.Errors;
using Realign.Core.Memory;
using Realign.Hosting.Scheduling;

namespace Realign.Hosting.Models;

/// <summary>
/// Loads one model on its own runner thread when the process starts, and hands it to calls once it is ready. A model that cannot
/// be loaded leaves the process up: health says NOT_SERVING and calls get FAILED_PRECONDITION with every problem found.
/// <para>
/// A call that fails in a way nobody foresaw may have broken the model for all later ones: the model is then checked with a small call of
/// its own, and if that fails too it is disposed and loaded again; meanwhile health says NOT_SERVING and calls get UNAVAILABLE.
/// </para>
/// <para>
/// Another version can take over while calls come in: it loads and is checked beside the one that answers, then gets all calls; those that the old one
/// has end there. At most two are in memory.
/// </para>
/// </summary>
/// <typeparam name="TModel">The loaded, warmed-up model; disposed with the process on its own thread if it is disposable.</typeparam>
public sealed partial class ModelHost<TModel> : IHostedService, IServedModel, IDisposable
    where TModel : class
{
    private const string FirstVersion = "1";

    private readonly ModelHostOptions<TModel> _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ModelCounters _counters = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _changing = new(1);
    // all whose threads run, under its own lock
    private readonly List<ModelVersion<TModel>> _versions = [];
    private volatile ModelVersion<TModel>? _current;
    private volatile string _number = FirstVersion;
    private Task _retiring = Task.CompletedTask;
    private bool _isStopping;

    /// <summary>A host for one model.</summary>
    public ModelHost(ModelHostOptions<TModel> options, ILogger<ModelHost<TModel>> logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _logger = logger;
        _time = time;
        _current = Add(options.Load, _started.Task);
    }

    /// <inheritdoc/>
    public string Name => _options.Name;

    /// <inheritdoc/>
    public string Version => _number;

    /// <inheritdoc/>
    public ModelCounts Counts => _counters.Read();

    /// <inheritdoc/>
    public ModelStatus Status => _current?.Status ?? ModelStatus.Unloaded;

    /// <inheritdoc/>
    public string? Problem => _current is { } current ? current.Problem : $"{Unloaded().Message}. {Unloaded().WayOut}";

    /// <inheritdoc/>
    public RealignException? Failure => _current is { } current ? current.Failure : Unloaded();

    /// <inheritdoc/>
    public Task Settled => _current?.Settled ?? Task.CompletedTask;

    /// <inheritdoc/>
    public bool IsEnded
    {
        get
        {
            lock (_versions)
                return _versions.All(version => version.Runner.IsEnded);
        }
    }

    /// <inheritdoc/>
    public int QueueLength => _current?.Runner.QueueLength ?? 0;

    /// <inheritdoc/>
    public int QueueDepth => _current?.Runner.QueueDepth ?? 0;

    /// <inheritdoc cref="ModelRunner.IsPreparing"/>
    internal bool IsPreparing => _current?.Runner.IsPreparing ?? false;

    /// <summary>Runs work with the model on its thread.</summary>
    /// <exception cref="UnavailableException">The model is being loaded, was unloaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunAsync<TResult>(Func<TModel, CancellationToken, TResult> work, CallTerms terms) =>
        Run(version => version.Runner.RunAsync(token => work(version.Model(), token), terms), terms);

    /// <summary>
    /// Takes a place in the model's queue, makes the input off the model's thread, at most <see cref="ModelRunner.InputSlots"/> of them at a time,
    /// and runs work with it. For inputs that are large or take long to make, such as pictures.
    /// </summary>
    /// <param name="prepare">Makes the input under the caller's token. It runs after the call was admitted; what it throws is the call's answer.</param>
    /// <param name="work">What the model does with it.</param>
    /// <param name="terms">What decides when it runs.</param>
    /// <exception cref="UnavailableException">The model is being loaded, was unloaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TModel, TInput, CancellationToken, TResult> work, CallTerms terms) =>
        Run(version => version.Runner.RunAsync(prepare, (input, token) => work(version.Model(), input, token), terms), terms);

    /// <summary>As <see cref="RunAsync{TInput, TResult}"/>, for work on several calls in one pass: those that wait and have the same batch key.</summary>
    /// <param name="prepare">Makes the input of one call.</param>
    /// <param name="work">Gets the inputs of one call or more, gives a result for each. See <see cref="ModelRunner.RunTogetherAsync"/>.</param>
    /// <param name="terms">What decides when it runs, and with which others.</param>
    /// <exception cref="UnavailableException">The model is being loaded, was unloaded, is stalled, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    /// <exception cref="ResourceExhaustedException">The queue is full, or the call cannot end in the time it has.</exception>
    public Task<TResult> RunTogetherAsync<TInput, TResult>(
        Func<CancellationToken, TInput> prepare, Func<TModel, IReadOnlyList<TInput>, CancellationToken, IReadOnlyList<TResult>> work, CallTerms terms) =>
        Run(version => version.Runner.RunTogetherAsync(prepare, (inputs, token) => work(version.Model(), inputs, token), terms), terms);

    /// <inheritdoc cref="ModelRunner.Yield"/>
    public void Yield()
    {
        if (ModelRunner.OfThisThread is not { } runner || runner.Name != Name)
            throw new InvalidOperationException($"only work of {Name} yields, on its thread");
        runner.Yield();
    }

    /// <summary>Asks what the loaded model knows without computing, e.g. how much work a call would be. On the caller's thread.</summary>
    /// <exception cref="UnavailableException">The model is being loaded, was unloaded, or the process stops.</exception>
    /// <exception cref="FailedPreconditionException">The model could not be loaded.</exception>
    public TAnswer Ask<TAnswer>(Func<TModel, TAnswer> question)
    {
        ArgumentNullException.ThrowIfNull(question);
        var version = Enter();
        try
        {
            return question(version.Model());
        }
        finally
        {
            version.Leave();
        }
    }

    /// <inheritdoc/>
    public async Task LoadAsync(string? model, string? version, CancellationToken cancellationToken)
    {
        var load = Loader(model);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            // so that no more than two are in memory
            await _retiring.WaitAsync(cancellationToken);
            var number = version ?? (model is null ? FirstVersion : Next(_number));
            var next = Add(token => _options.Probed(load, token), Task.CompletedTask);
            await using (cancellationToken.Register(next.Stop))
                await next.Settled;
            if (next.Failure is { } failure)
            {
                await EndAsync(next);
                cancellationToken.ThrowIfCancellationRequested();
                throw new FailedPreconditionException($"{Name} stays as it was: {failure.Message}", failure.WayOut);
            }

            var old = _current;
            (_current, _number) = (next, number);
            Log.TakesOver(_logger, Name, number);
            if (old is not null)
                _retiring = RetireAsync(old);
        }
        finally
        {
            _ = _changing.Release();
        }
    }

    /// <inheritdoc/>
    public async Task UnloadAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (_current is { } old)
            {
                _current = null;
                Log.IsUnloaded(_logger, Name);
                _retiring = Task.WhenAll(_retiring, RetireAsync(old));
            }

            await _retiring.WaitAsync(cancellationToken);
        }
        finally
        {
            _ = _changing.Release();
        }
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
        _ = Stop();
        return Task.CompletedTask;
    }

    /// <summary>Stops and disposes the model on its thread; gives up on a thread that does not end within <see cref="ModelRunner.StopLimit"/>.</summary>
    public void Dispose()
    {
        var versions = Stop();
        _ = _started.TrySetResult();
        foreach (var version in versions)
            version.Dispose();
        _changing.Dispose();
    }

    private static string Next(string number) => (long.Parse(number, System.Globalization.CultureInfo.InvariantCulture) + 1)
        .ToString(System.Globalization.CultureInfo.InvariantCulture);

    private Func<CancellationToken, TModel> Loader(string? model)
    {
        if (model is null)
            return _options.Load;
        return _options.LoadFrom is { } from
            ? token => from(model, token)
            : throw new FailedPreconditionException($"{Name} has no other versions", "load it without one");
    }

    private UnavailableException Unloaded() => new($"model {Name} was unloaded", "load it again, or ask another replica")
    {
        Reason = UnavailableException.ModelUnloaded,
    };

    private Task<TResult> Run<TResult>(Func<ModelVersion<TModel>, Task<TResult>> run, CallTerms terms)
    {
        ArgumentNullException.ThrowIfNull(terms);
        terms.CancellationToken.ThrowIfCancellationRequested();
        var version = Enter();
        try
        {
            version.ThrowUnlessServing();
            var answer = run(version);
            _ = answer.ContinueWith(_ => version.Leave(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return answer;
        }
        catch
        {
            version.Leave();
            throw;
        }
    }

    private ModelVersion<TModel> Enter()
    {
        while (true)
        {
            var version = _current ?? throw Unloaded();
            if (version.TryEnter())
                return version;
        }
    }

    private ModelVersion<TModel> Add(Func<CancellationToken, TModel> load, Task started)
    {
        lock (_versions)
        {
            if (_isStopping)
                throw ModelRunner.ShuttingDown(Name);
            var version = new ModelVersion<TModel>(_options, load, started, _counters, _logger, _time);
            _versions.Add(version);
            return version;
        }
    }

    private ModelVersion<TModel>[] Stop()
    {
        ModelVersion<TModel>[] versions;
        lock (_versions)
        {
            _isStopping = true;
            versions = [.. _versions];
        }

        foreach (var version in versions)
            version.Stop();
        return versions;
    }

    private async Task RetireAsync(ModelVersion<TModel> version)
    {
        await version.Retire();
        await EndAsync(version);
    }

    /// <summary>Waits for its thread; one that is stuck is not waited for, and stays among the versions.</summary>
    private async Task EndAsync(ModelVersion<TModel> version)
    {
        await Task.Run(version.Dispose);
        if (!version.Runner.IsEnded)
            return;
        lock (_versions)
            _ = _versions.Remove(version);
        ProcessMemory.GiveBack();
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 106, Level = LogLevel.Information, Message = "version {Version} of model {Name} takes over")]
        public static partial void TakesOver(ILogger logger, string name, string version);

        [LoggerMessage(EventId = 107, Level = LogLevel.Information, Message = "model {Name} is unloaded")]
        public static partial void IsUnloaded(ILogger logger, string name);
    }
}
