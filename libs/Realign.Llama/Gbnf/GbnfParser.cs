using System.Globalization;

namespace Realign.Llama.Gbnf;

/// <summary>Reads the GBNF that llama.cpp reads, without its token references; strict where it is lenient.</summary>
/// <remarks>Source: llama.cpp, grammars/README.md and src/llama-grammar.cpp.</remarks>
internal sealed class GbnfParser(string text)
{
    private const int MaxDepth = 64;

    // llama.cpp refuses to make this many rules of one repetition
    private const int MaxRepetition = 2000;

    private readonly Dictionary<string, GbnfRule> _rules = new(StringComparer.Ordinal);
    private int _at;
    private long _made;

    /// <summary>All groups and named rules.</summary>
    public List<GbnfRule> Rules { get; } = [];

    /// <summary>All items.</summary>
    public List<GbnfItem> Items { get; } = [];

    private char Next => _at < text.Length ? text[_at] : '\0';

    /// <summary>Reads the whole text.</summary>
    /// <exception cref="FormatException">It is not a grammar.</exception>
    public IReadOnlyDictionary<string, GbnfRule> Parse()
    {
        Space(newLines: true);
        while (_at < text.Length)
        {
            var name = Name();
            Space(newLines: false);
            Require("::=");
            Space(newLines: true);
            if (!_rules.TryAdd(name, Alternatives(depth: 0)))
                throw Wrong($"rule '{name}' is defined twice");
            if (_at < text.Length && Next is not ('\r' or '\n'))
                throw Wrong("a new line is expected");
            Space(newLines: true);
        }

        return _rules;
    }

    private GbnfRule Alternatives(int depth)
    {
        if (depth > MaxDepth)
            throw Wrong($"more than {MaxDepth} parentheses are open");
        var rule = new GbnfRule();
        Rules.Add(rule);
        rule.Alternatives.Add(Sequence(depth));
        while (Next == '|')
        {
            _at++;
            Space(newLines: true);
            rule.Alternatives.Add(Sequence(depth));
        }

        return rule;
    }

    private List<GbnfItem> Sequence(int depth)
    {
        var items = new List<GbnfItem>();
        while (true)
        {
            if (Next is '*' or '+' or '?' or '{')
                Repeat(items.LastOrDefault() ?? throw Wrong("nothing stands before the repetition"), depth);
            else if (Item(depth) is { } item)
                items.Add(item);
            else
                return items;
            Space(newLines: depth > 0);
        }
    }

    private GbnfItem? Item(int depth)
    {
        GbnfItem item;
        if (Next == '"')
        {
            item = new GbnfItem { IsOptional = Characters('"') == 0 };
        }
        else if (Next == '[')
        {
            item = new GbnfItem();
            if (Characters(']') == 0)
                throw Wrong("a set without characters");
        }
        else if (Next == '.')
        {
            item = new GbnfItem();
            _at++;
        }
        else if (Next == '(')
        {
            var before = _made++;
            _at++;
            Space(newLines: true);
            item = new GbnfItem { Target = Alternatives(depth + 1), Weight = _made - before };
            Require(")");
        }
        else if (IsNameCharacter(Next))
        {
            item = new GbnfItem { Name = Name() };
            _made++;
        }
        else
        {
            return null;
        }

        Items.Add(item);
        return item;
    }

    /// <summary>Reads a literal or a set, with its ends; returns how many characters are in it.</summary>
    private int Characters(char end)
    {
        _at++;
        if (end == ']' && Next == '^')
            _at++;
        var count = 0;
        for (; Next != end; count++)
        {
            Character();
            if (end == ']' && Next == '-' && _at + 1 < text.Length && text[_at + 1] != ']')
            {
                _at++;
                Character();
            }
        }

        _at++;
        return count;
    }

    private void Character()
    {
        if (_at >= text.Length)
            throw Wrong("it ends inside a literal or set");
        if (text[_at++] != '\\')
            return;
        var digits = Next switch
        {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            't' or 'r' or 'n' or '\\' or '"' or '[' or ']' => 0,
            _ => throw Wrong("unknown escape"),
        };
        _at++;
        for (; digits > 0; digits--, _at++)
        {
            if (!char.IsAsciiHexDigit(Next))
                throw Wrong("a hexadecimal digit is expected");
        }
    }

    private void Repeat(GbnfItem item, int depth)
    {
        var (least, most) = Next switch { '*' => (0, (int?)null), '+' => (1, null), '?' => (0, 1), _ => (-1, null) };
        _at++;
        if (least < 0)
        {
            (least, most) = Bounds(newLines: depth > 0);
            Require("}");
        }

        if (most < Math.Max(1, least))
            throw Wrong("a repetition that allows nothing");
        if (most is null && item.IsOptional)
            throw Wrong("what may be empty is repeated without limit");
        var times = Math.Max(1, most ?? least);
        item.Weight *= times;
        if (item is { Name: null, Target: null, IsOptional: true } || item.Weight >= MaxRepetition)
            throw Wrong("a repetition of nothing, or of too much");
        _made += most - least ?? 1;
        item.IsUnbounded |= most is null;
        item.IsOptional |= least == 0;
    }

    private (int Least, int? Most) Bounds(bool newLines)
    {
        Space(newLines);
        var least = Number();
        Space(newLines);
        if (Next != ',')
            return (least, least);
        _at++;
        Space(newLines);
        if (!char.IsAsciiDigit(Next))
            return (least, null);
        var most = Number();
        Space(newLines);
        return (least, most);
    }

    private int Number()
    {
        var start = _at;
        while (char.IsAsciiDigit(Next))
            _at++;
        if (!int.TryParse(text.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > MaxRepetition)
            throw Wrong($"a number up to {MaxRepetition} is expected");
        return number;
    }

    private string Name()
    {
        var start = _at;
        while (IsNameCharacter(Next))
            _at++;
        return _at > start ? text[start.._at] : throw Wrong("a name is expected");
    }

    private void Space(bool newLines)
    {
        while (Next is ' ' or '\t' or '#' || (newLines && Next is '\r' or '\n'))
        {
            if (Next == '#')
                _at = text.AsSpan(_at).IndexOfAny('\r', '\n') is var length and >= 0 ? _at + length : text.Length;
            else
                _at++;
        }
    }

    private void Require(string expected)
    {
        if (!text.AsSpan(_at).StartsWith(expected, StringComparison.Ordinal))
            throw Wrong($"'{expected}' is expected");
        _at += expected.Length;
    }

    private FormatException Wrong(string problem) => new($"{problem}, at character {_at}");

    private static bool IsNameCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character == '-';
}
