using System.Collections.Frozen;

namespace Realign.SceneScoring.Language;

/// <summary>Adjectives that may stand in a row, by themselves, or behind a noun: colors first of all.</summary>
internal static class Attributes
{
    private static readonly FrozenSet<string> Adjectives = Words.Set(
        // colors
        "red yellow green blue purple pink brown black white gray grey cyan magenta turquoise teal beige maroon navy indigo crimson scarlet "
        + "golden silvery tan khaki burgundy azure blonde blond colorful colourful multicolored multicoloured monochrome dark bright pale deep "
        + "vivid pastel "
        // materials, sizes, shapes, ages
        + "wooden metallic woolen woollen golden glassy rubbery big small tiny huge large tall short long little giant gigantic thin thick wide "
        + "narrow fat slim round triangular circular rectangular old new young ancient modern antique "
        // surfaces, states, patterns
        + "rusty dusty shiny glossy matte fluffy furry hairy smooth rough soft hard transparent translucent opaque wet dry dirty clean empty "
        + "broken torn worn open closed fresh ripe cute beautiful pretty ugly happy sad angry sleepy glowing sparkling glittering shining "
        + "striped spotted dotted checkered chequered patterned curly fuzzy shaggy bald");

    private static readonly FrozenSet<string> AlsoNouns = Words.Set(
        "orange gold silver bronze violet lavender rose peach lime olive cream ivory emerald ruby sapphire amber coral mint plum salmon "
        + "charcoal mustard copper brass light neon metal glass stone wood steel leather plastic paper brick marble wool cotton silk denim "
        + "velvet ceramic concrete rubber square oval plaid floral");

    private static readonly FrozenSet<string> NoParticiples = Words.Set(
        "hundred breed steed tweed speed watershed flatbed seaweed sunbed detailed painting drawing building clothing ceiling railing lighting "
        + "evening morning wedding string spring thing earring duckling pudding frosting awning swing sling");

    /// <summary>Whether a word may describe a noun that stands elsewhere.</summary>
    public static bool IsAttribute(string word) => IsOnlyAttribute(word) || AlsoNouns.Contains(word);

    /// <summary>Whether a word describes and is hardly ever a noun itself.</summary>
    public static bool IsOnlyAttribute(string word) =>
        Adjectives.Contains(word) || (word.Length > 4 && word.EndsWith("ed", StringComparison.Ordinal) && !NoParticiples.Contains(word));

    /// <summary>Whether a word may be a participle that goes on with the sentence: <c>a dog running</c>, <c>a car parked</c>.</summary>
    public static bool IsParticiple(string word) => word.Length > 4 && !Adjectives.Contains(word) && !NoParticiples.Contains(word)
        && (word.EndsWith("ing", StringComparison.Ordinal) || word.EndsWith("ed", StringComparison.Ordinal));

    /// <summary>Participles that say nothing but that a color follows: <c>a car painted red</c>.</summary>
    public static bool IsCarrier(string word) => word is "painted" or "colored" or "coloured" or "dyed" or "looking" or "very" or "all";
}
