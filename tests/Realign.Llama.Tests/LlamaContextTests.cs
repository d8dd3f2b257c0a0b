using System.Diagnostics;
using Realign.Core.Errors;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>Lifetimes, and everything that would end the process if it reached native code.</summary>
public sealed class LlamaContextTests
{
    private static readonly string File = Checkout.Miniature("scene-scorer", "model-f16.gguf");

    [Fact]
    public void Append_LongerThanTheBatch_EqualsOnePass()
    {
        using var model = LlamaModel.Load(File);
        var tokens = model.Vocabulary.Tokenize(string.Join(' ', Enumerable.Repeat("a red car", 60)), addSpecial: true, parseSpecial: false);
        using var whole = model.CreateContext(new LlamaContextOptions { ContextSize = 512, BatchSize = 512, Threads = 1, FullPrecision = true });
        using var split = model.CreateContext(new LlamaContextOptions { ContextSize = 512, BatchSize = 16, Threads = 1, FullPrecision = true });

        var expected = Logits(whole, tokens);
        var actual = Logits(split, tokens);

        expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max().ShouldBeLessThan(1e-3f);
        split.Position.ShouldBe(tokens.Length);
    }

    [Fact]
    public void Append_UnknownTokenOrTooMany_IsRefusedBeforeNativeCode()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 256, Threads = 1 });

        Should.Throw<ArgumentOutOfRangeException>(() => Logits(context, [model.Vocabulary.Size]));
        Should.Throw<ArgumentOutOfRangeException>(() => Logits(context, [-1]));
        Should.Throw<ArgumentException>(() => Logits(context, []));
        Should.Throw<InvalidInputException>(() => Logits(context, new int[context.Capacity + 1]));
    }

    [Fact]
    public void Append_Cancelled_LeavesAnEmptyUsableContext()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 512, Threads = 1 });
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Should.Throw<OperationCanceledException>(() => Logits(context, [1, 2, 3], cancelled.Token));

        context.Clear();
        Logits(context, [1, 2, 3]).ShouldAllBe(logit => float.IsFinite(logit));
    }

    [Fact]
    public void Append_CancelledInsideAPass_StopsAndAnswersAsBefore()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 4096, BatchSize = 4096, Threads = 1 });
        var expected = Logits(context, [1, 2, 3]);
        var tokens = Enumerable.Range(0, context.Capacity - 1).Select(index => 10 + (index % 200)).ToArray();
        context.Clear();
        var whole = Stopwatch.StartNew();
        _ = Logits(context, tokens);
        var full = whole.Elapsed;
        context.Clear();

        // one pass computes the whole batch: only the callback inside it can end it early
        using var cancellation = new CancellationTokenSource(full / 10);
        Should.Throw<OperationCanceledException>(() => Logits(context, tokens, cancellation.Token));

        context.Position.ShouldBe(0);
        Logits(context, [1, 2, 3]).ShouldBe(expected);
    }

    [Fact]
    public void Append_CancelledBetweenBatches_LeavesAnEmptyContext()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 512, Threads = 1 });
        _ = Logits(context, [1, 2, 3]);

        Should.Throw<OperationCanceledException>(() => Logits(context, [4], new CancellationToken(canceled: true)));

        context.Position.ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(100_000)]
    [InlineData(1_000_000)]
    public void Load_TruncatedFile_IsRefused(int length)
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("realign-gguf").FullName, "model.gguf");
        System.IO.File.WriteAllBytes(path, System.IO.File.ReadAllBytes(File)[..length]);

        Should.Throw<ModelLoadException>(() => LlamaModel.Load(path).Dispose());

        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    [Fact]
    public void Dispose_ModelBeforeContext_KeepsTheModelUntilTheContextIsGone()
    {
        var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 256, Threads = 1 });

        model.Dispose();

        Logits(context, [1, 2, 3]).ShouldNotBeEmpty();
        using var grammar = new LlamaGrammar(context.Model, "root ::= \"a\"");
        grammar.Choose(new float[context.Model.Vocabulary.Size]).ShouldNotBeNull();
    }

    [Fact]
    public void Dispose_ModelAndContext_NothingIsUsableAfterwards()
    {
        var model = LlamaModel.Load(File);
        var context = model.CreateContext(new LlamaContextOptions { ContextSize = 256, Threads = 1 });
        context.Dispose();
        context.Dispose();
        model.Dispose();

        Should.Throw<ObjectDisposedException>(() => Logits(context, [1]));
        Should.Throw<ObjectDisposedException>(() => model.Vocabulary.Tokenize("a", false, false));
        Should.Throw<ObjectDisposedException>(() => model.CreateContext(new LlamaContextOptions { ContextSize = 256 }));
    }

    [Fact]
    public void Tokenize_TextAboveTheLimit_IsRefused()
    {
        using var model = LlamaModel.Load(File);

        Should.Throw<InvalidInputException>(() => model.Vocabulary.Tokenize(new string('a', LlamaVocabulary.MaxTextBytes + 1), false, false));
    }

    private static float[] Logits(LlamaContext context, int[] tokens, CancellationToken? cancellationToken = null)
    {
        var logits = new float[context.Model.Vocabulary.Size];
        context.Append(tokens, logits, cancellationToken ?? TestContext.Current.CancellationToken);
        return logits;
    }
}
