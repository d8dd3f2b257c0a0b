using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Realign.Core.Errors;

namespace Realign.Core.Prompts;

/// <summary>
/// Weights as compel reads them (damian0815/compel, <c>prompt_parser.py</c>): each + behind a word or a bracket multiplies by 1.1, each - by 0.9, a number
/// behind a bracket by itself; brackets inside each other multiply.
/// </summary>
internal sealed partial class CompelPrompt
{
    private const double Plus = 1.1;
    private const double Minus = 0.9;

    private readonly string _field;
    private readonly string _text;
    private readonly List<PromptFragment> _fragments = [];
    private int _at;

    private CompelPrompt(string field, string text)
    {
        _field = field;
        _text = text;
    }

    public static IReadOnlyList<PromptFragment> Parse(string field, string text)
    {
        if (Operator().Match(text) is { Success: true } found)
        {
            throw new InvalidInputException(field, found.Value, "blends, conjunctions, swaps and adapters inside a prompt are not read",
                "write one prompt with weights; adapters have a field of their own");
        }

        var prompt = new CompelPrompt(field, AfterComma().Replace(text, ", "));
        prompt.Read(0);
        return Joined(prompt._fragments);
    }

    // fragments up to the end of the text or of the bracket
    private void Read(int depth)
    {
        while (_at < _text.Length)
        {
            var letter = _text[_at];
            if (char.IsWhiteSpace(letter))
            {
                _at++;
            }
            else if (letter == '(')
            {
                var start = _fragments.Count;
                _at++;
                Read(depth + 1);
                Multiply(start, Weight(takesNumber: true));
            }
            else if (letter == ')')
            {
                if (depth == 0)
                    throw Unbalanced(")", @"a bracket is closed that was not opened");
                _at++;
                return;
            }
            else
            {
                ReadWord();
            }
        }

        if (depth > 0)
            throw Unbalanced("(", "a bracket is not closed");
    }

    private void ReadWord()
    {
        var word = new StringBuilder();
        while (_at < _text.Length && !char.IsWhiteSpace(_text[_at]) && _text[_at] is not ('(' or ')'))
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
                _at++;
            else if (_text[_at] is '+' or '-' && word.Length > 0 && EndsHere())
                break;
            word.Append(_text[_at++]);
        }

        _fragments.Add(new PromptFragment(word.ToString(), Weight(takesNumber: false)));
    }

    // signs are an operator only where no letter follows: well-known is one word
    private bool EndsHere()
    {
        var end = _at;
        while (end < _text.Length && _text[end] == _text[_at])
            end++;
        return end == _text.Length || char.IsWhiteSpace(_text[end]) || _text[end] is ')' or ',' or '.' or ';' or ':';
    }

    private double Weight(bool takesNumber)
    {
        if (_at < _text.Length && _text[_at] is '+' or '-' && EndsHere())
        {
            var sign = _text[_at];
            var count = 0;
            for (; _at < _text.Length && _text[_at] == sign; _at++)
                count++;
            return Math.Pow(sign == '+' ? Plus : Minus, count);
        }

        if (!takesNumber || Number().Match(_text, _at) is not { Success: true } match)
            return 1;
        _at += match.Length;
        return double.TryParse(match.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new InvalidInputException(_field, match.Value, "the weight is no number", "write it as (words)1.3");
    }

    private void Multiply(int start, double factor)
    {
        for (var i = start; i < _fragments.Count; i++)
            _fragments[i] = _fragments[i] with { Weight = _fragments[i].Weight * factor };
    }

    private InvalidInputException Unbalanced(string bracket, string problem) =>
        new(_field, bracket, problem, @"balance the brackets, or write \( and \) where they mean themselves");

    private static List<PromptFragment> Joined(List<PromptFragment> pieces)
    {
        var joined = new List<PromptFragment>();
        foreach (var piece in pieces)
        {
            if (joined is [.., var last] && last.Weight.Equals(piece.Weight))
                joined[^1] = last with { Text = $"{last.Text} {piece.Text}" };
            else
                joined.Add(piece);
        }

        return joined.Count > 0 ? joined : [new PromptFragment("", 1)];
    }

    [GeneratedRegex(@"\.(?:blend|and|add|swap|attend)\s*\(|\b(?:useLora|withLora)\s*\(")]
    private static partial Regex Operator();

    [GeneratedRegex(@",(?=\S)")]
    private static partial Regex AfterComma();

    [GeneratedRegex(@"\G-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")]
    private static partial Regex Number();
}
