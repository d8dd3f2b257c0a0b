using Realign.Core.Errors;
using Realign.Llama.Native;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>The binding: layouts, lifetimes, and everything that would end the process if it reached native code.</summary>
public sealed class LlamaContextTests
{
    private static readonly string File = Checkout.Miniature("scene-scorer", "model-f16.gguf");

    [Fact]
    public void Abi_LoadedLibrary_HasOurLayouts()
    {
        LlamaRuntime.Initialize();

        AbiCheck.Differences().ShouldBeEmpty();
        LlamaRuntime.Devices().ShouldNotBeEmpty();
    }

    [Fact]
    public void Append_LongerThanTheBatch_EqualsOnePass()
    {
        using var model = LlamaModel.Load(File);
        var tokens = model.Vocabulary.Tokenize(string.Join(' ', Enumerable.Repeat("a red car", 60)), addSpecial: true, parseSpecial: false);
        using var whole = model.CreateContext(new LlamaContextOptions { ContextSize = 512, BatchSize = 512, Threads = 1, FullPrecision = true });
        using var split = model.CreateContext(new LlamaContextOptions { ContextSize = 512, BatchSize = 16, Threads = 1, FullPrecision = true });

        var expected = whole.Append(tokens, TestContext.Current.CancellationToken);
        var actual = split.Append(tokens, TestContext.Current.CancellationToken);

        expected.Zip(actual, (left, right) => Math.Abs(left - right)).Max().ShouldBeLessThan(1e-3f);
        split.Position.ShouldBe(tokens.Length);
    }

    [Fact]
    public void Append_UnknownTokenOrTooMany_IsRefusedBeforeNativeCode()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 256, Threads = 1 });

        Should.Throw<ArgumentOutOfRangeException>(() => context.Append([model.Vocabulary.Size], CancellationToken.None));
        Should.Throw<ArgumentOutOfRangeException>(() => context.Append([-1], CancellationToken.None));
        Should.Throw<ArgumentException>(() => context.Append([], CancellationToken.None));
        Should.Throw<InvalidInputException>(() => context.Append(new int[context.Capacity + 1], CancellationToken.None));
    }

    [Fact]
    public void Append_Cancelled_LeavesAnEmptyUsableContext()
    {
        using var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 512, Threads = 1 });
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        Should.Throw<OperationCanceledException>(() => context.Append([1, 2, 3], cancelled.Token));

        context.Clear();
        context.Append([1, 2, 3], TestContext.Current.CancellationToken).ShouldAllBe(logit => float.IsFinite(logit));
    }

    [Fact]
    public void Dispose_ModelBeforeContext_KeepsTheModelUntilTheContextIsGone()
    {
        var model = LlamaModel.Load(File);
        using var context = model.CreateContext(new LlamaContextOptions { ContextSize = 256, Threads = 1 });

        model.Dispose();

        context.Append([1, 2, 3], TestContext.Current.CancellationToken).ShouldNotBeEmpty();
    }

    [Theory]
    [InlineData("root ::= undefined")]
    [InlineData("root ::= (\"a\"")]
    [InlineData("")]
    public void Grammar_Broken_IsRefused(string gbnf)
    {
        using var model = LlamaModel.Load(File);

        Should.Throw<ArgumentException>(() => new LlamaGrammar(model, gbnf).Dispose());
    }

    [Fact]
    public void Tokenize_TextAboveTheLimit_IsRefused()
    {
        using var model = LlamaModel.Load(File);

        Should.Throw<InvalidInputException>(() => model.Vocabulary.Tokenize(new string('a', LlamaVocabulary.MaxTextBytes + 1), false, false));
    }
}
