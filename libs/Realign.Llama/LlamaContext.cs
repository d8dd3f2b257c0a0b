using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LLama.Native;
using Realign.Core.Errors;

namespace Realign.Llama;

/// <summary>
/// The memory of one conversation: tokens are appended, logits read. For one thread at a time. Everything that would make the native
/// library abort the process (batches above its limit, unknown tokens, logits nobody asked for) is checked or impossible here.
/// </summary>
public sealed class LlamaContext : IDisposable
{
    private readonly LlamaModel _model;
    private readonly SafeLLamaContextHandle _handle;
    private readonly int _batchSize;

    // a batch pins as many arrays as it has ever held tokens, in every call: a long prompt must not slow the single tokens down
    private readonly LLamaBatch _many = new();
    private readonly LLamaBatch _one = new();

    // pinned, because native code reads it
    private readonly int[] _abort = GC.AllocateArray<int>(1, pinned: true);
    private int _busy;
    private int _disposed;

    internal LlamaContext(LlamaModel model, LlamaContextOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        _model = model;
        var batch = Math.Min(options.BatchSize, options.ContextSize);
        _ = LlamaLog.TakeErrors();
        model.Hold();
        _handle = SafeLLamaContextHandle.Create(model.Handle, Parameters(options, batch));
        if (_handle.IsInvalid)
        {
            // an invalid handle gives nothing back: neither its own reference on the model nor ours
            model.Handle.DangerousRelease();
            model.Release();
            throw new ResourceExhaustedException(
                $"a context of {options.ContextSize} tokens cannot be made: {string.Join("; ", LlamaLog.TakeErrors())}",
                "set a smaller context size, or give the process more memory", TimeSpan.FromSeconds(30));
        }

        Capacity = (int)_handle.ContextSize;
        _batchSize = (int)Math.Min(_handle.BatchSize, (uint)batch);
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens in it.</summary>
    public int Position { get; private set; }

    /// <summary>The model it belongs to.</summary>
    public LlamaModel Model => _model;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Enter();
        Forget();
        Leave();
    }

    /// <summary>Appends tokens and gives the logits after the last one.</summary>
    /// <param name="tokens">At least one, each of the vocabulary; not more than still fit.</param>
    /// <param name="logits">Gets one logit per token of the vocabulary.</param>
    /// <param name="cancellationToken">Stops inside the computation; the context is empty afterwards.</param>
    /// <exception cref="InvalidInputException">They do not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Append(ReadOnlySpan<int> tokens, Span<float> logits, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _model.Vocabulary.Size);
        if (tokens.IsEmpty)
            throw new ArgumentException("at least one token is needed", nameof(tokens));
        if (tokens.Length > Capacity - Position)
        {
            throw new InvalidInputException("text", $"{tokens.Length} tokens", $"{Capacity - Position} of the context's {Capacity} tokens are free",
                "shorten it, or set a larger context size");
        }

        foreach (var token in tokens)
            _model.Vocabulary.CheckToken(token);
        Enter();
        Volatile.Write(ref _abort[0], 0);
        try
        {
            using var registration = cancellationToken.UnsafeRegister(static state => Volatile.Write(ref ((int[])state!)[0], 1), _abort);
            for (var rest = tokens; !rest.IsEmpty;)
            {
                if (cancellationToken.IsCancellationRequested)
                {
                    Forget();
                    cancellationToken.ThrowIfCancellationRequested();
                }

                var count = Math.Min(_batchSize, rest.Length);
                Decode(rest[..count], isLast: count == rest.Length, cancellationToken);
                rest = rest[count..];
                if (rest.IsEmpty)
                    _handle.GetLogitsIth(count - 1).CopyTo(logits);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _handle.Dispose();
        _model.Release();
    }

    private void Decode(ReadOnlySpan<int> tokens, bool isLast, CancellationToken cancellationToken)
    {
        var batch = tokens.Length == 1 ? _one : _many;
        batch.Clear();
        for (var i = 0; i < tokens.Length; i++)
            _ = batch.Add(tokens[i], Position + i, (LLamaSeqId)0, isLast && i == tokens.Length - 1);
        var status = _handle.Decode(batch);
        if (status == DecodeResult.Ok)
        {
            Position += tokens.Length;
            return;
        }

        // part of the batch may be in memory: only a clean start is a known state
        Forget();
        cancellationToken.ThrowIfCancellationRequested();
        throw status == DecodeResult.NoKvSlot
            ? new ResourceExhaustedException("the context has no room for the text", "shorten it, or set a larger context size", TimeSpan.FromSeconds(1))
            : new FailedPreconditionException($"llama.cpp cannot compute this model ({status}): {string.Join("; ", LlamaLog.TakeErrors())}",
                "check the file with realign models check");
    }

    private void Forget()
    {
        _handle.MemoryClear();
        Position = 0;
    }

    private void Enter()
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("a context serves one thread at a time");
    }

    private void Leave() => Volatile.Write(ref _busy, 0);

    private unsafe LLamaContextParams Parameters(LlamaContextOptions options, int batch)
    {
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var parameters = LLamaContextParams.Default();
        parameters.n_ctx = (uint)options.ContextSize;
        parameters.n_batch = (uint)batch;
        parameters.n_ubatch = Math.Min((uint)batch, parameters.n_ubatch);
        parameters.n_seq_max = 1;
        parameters.n_threads = threads;
        parameters.n_threads_batch = threads;
        parameters.abort_callback = (nint)(delegate* unmanaged[Cdecl]<void*, byte>)&ShouldAbort;
        parameters.abort_callback_user_data = Marshal.UnsafeAddrOfPinnedArrayElement(_abort, 0);
        if (options.FullPrecision)
        {
            parameters.type_k = GGMLType.GGML_TYPE_F32;
            parameters.type_v = GGMLType.GGML_TYPE_F32;
            parameters.llama_flash_attn_type = LLamaFlashAttentionType.LLAMA_FLASH_ATTENTION_TYPE_DISABLED;
        }

        return parameters;
    }

    /// <summary>Asked by the computing threads between the nodes of the graph.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static unsafe byte ShouldAbort(void* flag) => (byte)(Volatile.Read(ref *(int*)flag) != 0 ? 1 : 0);
}
