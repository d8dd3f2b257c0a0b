using Realign.Llama.Gbnf;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Llama.Tests;

/// <summary>A text that llama.cpp does not take as a grammar ends the process at the first token: none may get that far.</summary>
public sealed class LlamaGrammarTests : IDisposable
{
    private const string Words = """
        # every construct that is read
        root ::= "[" (item ("," item){0,5})? "]" | list+
        item ::= ["\\\x20-~] [^"\\\x00-\x20\x7F]{1,24} "\u0041\n" .*
        list ::= (name
          | "(" name ")"){2} name{2,}
        name ::= "n" [a-z0-9-]*
        """;

    private readonly LlamaModel _model = LlamaModel.Load(Checkout.Miniature("scene-scorer", "model-f16.gguf"));

    public void Dispose() => _model.Dispose();

    [Theory]
    [InlineData("", "root")]
    [InlineData("rule ::= \"a\"", "root")]
    [InlineData("root ::= undefined", "undefined")]
    [InlineData("root ::= (\"a\"", "')'")]
    [InlineData("root ::= \"a", "literal")]
    [InlineData("root ::= [a", "literal or set")]
    [InlineData("root ::= []", "set")]
    [InlineData("root ::= \"\\q\"", "escape")]
    [InlineData("root ::= \"\\x1\"", "hexadecimal")]
    [InlineData("root = \"a\"", "'::='")]
    [InlineData("root ::= * \"a\"", "before the repetition")]
    [InlineData("root ::= \"a\"{3,2}", "allows nothing")]
    [InlineData("root ::= \"a\"{0}", "allows nothing")]
    [InlineData("root ::= \"a\"{2001}", "number")]
    [InlineData("root ::= (\"a\"{0,50}){50}", "too much")]
    [InlineData("root ::= (\"a\" | \"b\" | (\"c\")){1000}", "too much")]
    [InlineData("root ::= \"\"*", "repeated without limit")]
    [InlineData("root ::= (\"a\"?)*", "repeated without limit")]
    [InlineData("root ::= x+\nx ::= \"a\" |", "repeated without limit")]
    [InlineData("root ::= root \"a\"", "begins with itself")]
    [InlineData("root ::= \"a\"? x\nx ::= (root)", "begins with itself")]
    [InlineData("root ::= \"a\"\nroot ::= \"b\"", "twice")]
    [InlineData("root ::= \"a\"\n| \"b\"", "name")]
    [InlineData("root ::= <|im_end|>", "new line")]
    [InlineData("root ::= \"a\0\"", "NUL")]
    public void New_NotAGrammar_IsRefusedWithAReason(string gbnf, string reason) =>
        Should.Throw<ArgumentException>(() => new LlamaGrammar(_model, gbnf).Dispose()).Message.ShouldContain(reason);

    [Fact]
    public void New_DeeplyNested_IsRefusedWithoutOverflow() =>
        Should.Throw<ArgumentException>(() => new LlamaGrammar(_model, "root ::= " + new string('(', 100_000)).Dispose()).Message.ShouldContain("parentheses");

    [Fact]
    public void Choose_EveryConstruct_FollowsTheGrammar()
    {
        using var grammar = new LlamaGrammar(_model, Words);
        var logits = new float[_model.Vocabulary.Size];
        Array.Fill(logits, 1f);

        var first = grammar.Choose(logits).ShouldNotBeNull();

        _model.Vocabulary.Detokenize([first], unparseSpecial: true)[0].ShouldBeOneOf((byte)'[', (byte)'n', (byte)'(');
        grammar.Reset();
        grammar.Choose(logits).ShouldBe(first);
    }

    [Fact]
    public void Choose_BestSixteenRefused_TakesTheBestOfAll()
    {
        using var grammar = new LlamaGrammar(_model, "root ::= \"a\"");
        var allowed = Enumerable.Range(0, _model.Vocabulary.Size).First(token => _model.Vocabulary.Detokenize([token], unparseSpecial: true).AsSpan()
            .SequenceEqual("a"u8));
        var logits = new float[_model.Vocabulary.Size];
        Array.Fill(logits, 1f);
        logits[allowed] = -3;

        grammar.Choose(logits).ShouldBe(allowed);
    }

    [Fact]
    public void Choose_NothingIsANumber_ChoosesNothing()
    {
        using var grammar = new LlamaGrammar(_model, "root ::= \"a\"");
        var logits = new float[_model.Vocabulary.Size];
        Array.Fill(logits, float.NaN);

        grammar.Choose(logits).ShouldBeNull();
    }

    /// <summary>What our check lets pass, llama.cpp takes: otherwise this process would end here.</summary>
    [Fact]
    public void Check_MutatedGrammars_NothingItAcceptsEndsTheProcess()
    {
        const string Pieces = "\"\\[]()|*+?{},.-^#:= \nax0Uu1";
        var random = new Random(7);
        var logits = new float[_model.Vocabulary.Size];
        var accepted = 0;
        for (var run = 0; run < 6000; run++)
        {
            var text = Words.ToList();
            for (var change = random.Next(1, 5); change > 0; change--)
            {
                var at = random.Next(text.Count);
                if (random.Next(3) == 0)
                    text.RemoveAt(at);
                else if (random.Next(2) == 0)
                    text.Insert(at, Pieces[random.Next(Pieces.Length)]);
                else
                    text[at] = Pieces[random.Next(Pieces.Length)];
            }

            var gbnf = new string([.. text]);
            if (GbnfCheck.Problem(gbnf) is not null)
                continue;
            accepted++;
            using var grammar = new LlamaGrammar(_model, gbnf);
            _ = grammar.Choose(logits);
        }

        accepted.ShouldBeInRange(500, 5500);
    }
}
