using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Realign.Core.Errors;
using Realign.Llama.Native;

namespace Realign.Llama;

/// <summary>
/// The memory of one conversation: tokens are appended, logits read. For one thread at a time. Everything that would make the native
/// library abort the process (batches above its limit, unknown tokens, logits nobody asked for) is checked or impossible here.
/// </summary>
public sealed unsafe class LlamaContext : IDisposable
{
    private readonly LlamaModel _model;
    private readonly ContextHandle _handle;
    private readonly int _batchSize;

    // pinned, because the native batch points into them; all tokens belong to sequence 0
    private readonly int[] _tokens;
    private readonly int[] _positions;
    private readonly int[] _sequenceCounts;
    private readonly nint[] _sequenceIds;
    private readonly int[] _sequence;
    private readonly sbyte[] _wanted;
    private readonly int[] _abort;
    private int _busy;

    internal LlamaContext(LlamaModel model, LlamaContextOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ContextSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchSize, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads);
        _model = model;
        _abort = GC.AllocateArray<int>(1, pinned: true);
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var batch = Math.Min(options.BatchSize, options.ContextSize);
        var parameters = NativeMethods.ContextDefaultParams();
        parameters.ContextSize = (uint)options.ContextSize;
        parameters.BatchSize = (uint)batch;
        parameters.MicroBatchSize = (uint)Math.Min(batch, (int)parameters.MicroBatchSize);
        parameters.MaxSequences = 1;
        parameters.MaxOutputsPerSequence = (uint)batch;
        parameters.Threads = threads;
        parameters.BatchThreads = threads;
        parameters.AbortCallback = &ShouldAbort;
        parameters.AbortUserData = (void*)Marshal.UnsafeAddrOfPinnedArrayElement(_abort, 0);
        if (options.FullPrecision)
        {
            parameters.KeyType = 0;
            parameters.ValueType = 0;
            parameters.FlashAttentionType = 0;
        }

        _ = NativeLog.TakeErrors();
        _handle = NativeMethods.ContextCreate(model.Handle, parameters);
        if (_handle.IsInvalid)
        {
            _handle.Dispose();
            throw new ResourceExhaustedException(
                $"a context of {options.ContextSize} tokens cannot be made: {string.Join("; ", NativeLog.TakeErrors())}",
                "set a smaller context size, or give the process more memory", TimeSpan.FromSeconds(30));
        }

        _handle.KeepAlive(model.Handle);
        Capacity = (int)NativeMethods.ContextSize(_handle);
        _batchSize = (int)Math.Min(NativeMethods.BatchSize(_handle), (uint)batch);
        _tokens = GC.AllocateArray<int>(_batchSize, pinned: true);
        _positions = GC.AllocateArray<int>(_batchSize, pinned: true);
        _sequenceCounts = GC.AllocateArray<int>(_batchSize, pinned: true);
        _sequenceIds = GC.AllocateArray<nint>(_batchSize, pinned: true);
        _sequence = GC.AllocateArray<int>(1, pinned: true);
        _wanted = GC.AllocateArray<sbyte>(_batchSize, pinned: true);
        Array.Fill(_sequenceCounts, 1);
        Array.Fill(_sequenceIds, Marshal.UnsafeAddrOfPinnedArrayElement(_sequence, 0));
    }

    /// <summary>Tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens in it.</summary>
    public int Position { get; private set; }

    /// <summary>The model it belongs to.</summary>
    public LlamaModel Model => _model;

    /// <summary>Forgets everything.</summary>
    public void Clear() => Exclusive(() =>
    {
        NativeMethods.MemoryClear(NativeMethods.Memory(_handle), 1);
        Position = 0;
        return true;
    });

    /// <summary>Forgets all but the first tokens.</summary>
    /// <param name="position">Tokens to keep, 0 to <see cref="Position"/>.</param>
    /// <returns>False when this model's memory cannot forget a part: then everything was forgotten.</returns>
    public bool Truncate(int position)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, Position);
        return Exclusive(() =>
        {
            var memory = NativeMethods.Memory(_handle);
            var kept = NativeMethods.MemoryRemove(memory, 0, position, -1) != 0;
            if (!kept)
                NativeMethods.MemoryClear(memory, 1);
            Position = kept ? position : 0;
            return kept;
        });
    }

    /// <summary>Appends tokens and returns the logits after the last one.</summary>
    /// <param name="tokens">At least one, each of the vocabulary; not more than still fit.</param>
    /// <param name="cancellationToken">Stops inside the computation; the context is empty afterwards.</param>
    /// <returns>One logit per token of the vocabulary; a copy.</returns>
    /// <exception cref="InvalidInputException">They do not fit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public float[] Append(ReadOnlySpan<int> tokens, CancellationToken cancellationToken)
    {
        var logits = new float[_model.Vocabulary.Size];
        Run(tokens, allPositions: false, logits, cancellationToken);
        return logits;
    }

    /// <summary>As the other overload, into memory of the caller.</summary>
    /// <param name="tokens">At least one token.</param>
    /// <param name="logits">Gets the logits; as long as the vocabulary.</param>
    /// <param name="cancellationToken">Stops inside the computation; the context is empty afterwards.</param>
    public void Append(ReadOnlySpan<int> tokens, Span<float> logits, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(logits.Length, _model.Vocabulary.Size);
        Run(tokens, allPositions: false, logits, cancellationToken);
    }

    /// <summary>Appends tokens and returns the logits after each of them.</summary>
    /// <returns>Shape [tokens, vocabulary], row-major.</returns>
    /// <inheritdoc cref="Append(ReadOnlySpan{int}, CancellationToken)"/>
    public float[] AppendAll(ReadOnlySpan<int> tokens, CancellationToken cancellationToken)
    {
        var logits = new float[checked(tokens.Length * _model.Vocabulary.Size)];
        Run(tokens, allPositions: true, logits, cancellationToken);
        return logits;
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private void Run(ReadOnlySpan<int> tokens, bool allPositions, Span<float> logits, CancellationToken cancellationToken)
    {
        if (tokens.IsEmpty)
            throw new ArgumentException("at least one token is needed", nameof(tokens));
        if (tokens.Length > Capacity - Position)
        {
            throw new InvalidInputException("text", $"{tokens.Length} tokens", $"{Capacity - Position} of the context's {Capacity} tokens are free",
                "shorten it, or set a larger context size");
        }

        foreach (var token in tokens)
            _model.Vocabulary.CheckToken(token);
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("a context serves one thread at a time");
        Volatile.Write(ref _abort[0], 0);
        try
        {
            using var registration = cancellationToken.UnsafeRegister(static state => Volatile.Write(ref ((int[])state!)[0], 1), _abort);
            var vocabulary = _model.Vocabulary.Size;
            for (var done = 0; done < tokens.Length;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var count = Math.Min(_batchSize, tokens.Length - done);
                var last = done + count == tokens.Length;
                Decode(tokens.Slice(done, count), allPositions, last, cancellationToken);
                if (allPositions)
                {
                    for (var row = 0; row < count; row++)
                        CopyLogits(row, logits.Slice((done + row) * vocabulary, vocabulary));
                }
                else if (last)
                {
                    CopyLogits(count - 1, logits);
                }

                done += count;
            }
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    private void Decode(ReadOnlySpan<int> tokens, bool allPositions, bool last, CancellationToken cancellationToken)
    {
        tokens.CopyTo(_tokens);
        for (var i = 0; i < tokens.Length; i++)
        {
            _positions[i] = Position + i;
            _wanted[i] = (sbyte)(allPositions || (last && i == tokens.Length - 1) ? 1 : 0);
        }

        var batch = new LlamaBatch
        {
            TokenCount = tokens.Length,
            Tokens = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_tokens, 0),
            Positions = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_positions, 0),
            SequenceCounts = (int*)Marshal.UnsafeAddrOfPinnedArrayElement(_sequenceCounts, 0),
            SequenceIds = (int**)Marshal.UnsafeAddrOfPinnedArrayElement(_sequenceIds, 0),
            Logits = (sbyte*)Marshal.UnsafeAddrOfPinnedArrayElement(_wanted, 0),
        };
        var status = NativeMethods.Decode(_handle, batch);
        if (status == 0)
        {
            Position += tokens.Length;
            return;
        }

        // part of the batch may be in memory: only a clean start is a known state
        NativeMethods.MemoryClear(NativeMethods.Memory(_handle), 1);
        Position = 0;
        cancellationToken.ThrowIfCancellationRequested();
        throw status == 1
            ? new ResourceExhaustedException("the context has no room for the text", "shorten it, or set a larger context size", TimeSpan.FromSeconds(1))
            : new FailedPreconditionException($"llama.cpp cannot compute this model (status {status}): {string.Join("; ", NativeLog.TakeErrors())}",
                "check the file with realign models check");
    }

    private void CopyLogits(int row, Span<float> target)
    {
        var source = NativeMethods.Logits(_handle, row);
        if (source is null)
            throw new FailedPreconditionException("llama.cpp returned no logits", "check the file with realign models check");
        new ReadOnlySpan<float>(source, target.Length).CopyTo(target);
    }

    private T Exclusive<T>(Func<T> work)
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
            throw new InvalidOperationException("a context serves one thread at a time");
        try
        {
            return work();
        }
        finally
        {
            Volatile.Write(ref _busy, 0);
        }
    }

    /// <summary>Asked by the computing threads between the nodes of the graph.</summary>
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static byte ShouldAbort(void* flag) => (byte)(Volatile.Read(ref *(int*)flag) != 0 ? 1 : 0);
}
