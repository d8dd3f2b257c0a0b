using Realign.Core.Errors;
using Realign.Evaluation.Prompts;
using Realign.Evaluation.Runs;
using Realign.Metrics.Oracle;
using Realign.Metrics.Text;
using Realign.World;

namespace Realign.Evaluation.Reading;

/// <summary>A picture, what the oracle sees in it, and what the readers say, all compared with its prompt by one rule.</summary>
internal sealed class JudgedPicture
{
    public JudgedPicture(PictureRecord record, EvaluationPrompt prompt)
    {
        Record = record;
        Demand = prompt.Demand;
        if (Demand is null || record.Oracle is null)
            return;
        Truth = SceneOracle.Judge(record.Oracle.ToReading(), Demand);
        Segments = record.Reading.Segments is { } segments ? SceneOracle.Judge(segments.ToReading(), Demand) : null;
        Caption = record.Reading.Caption is { } caption ? Parse(caption) : null;
    }

    public PictureRecord Record { get; }

    /// <summary>What the prompt demands; null where no oracle judges.</summary>
    public Demand? Demand { get; }

    /// <summary>By the oracle; null where none judges.</summary>
    public SceneJudgement? Truth { get; }

    /// <summary>By the segmenter and the colors of its masks.</summary>
    public SceneJudgement? Segments { get; }

    /// <summary>The caption's objects; null where it is no sentence of the world.</summary>
    public Demand? Caption { get; }

    /// <summary>Whether every demanded object is there in its color.</summary>
    public bool AllBound => Truth?.AllBound == true;

    /// <summary>Whether all of it is so, the relations too.</summary>
    public bool IsRight => AllBound && Truth?.RelationHolds != false;

    /// <summary>
    /// Questions as TIFA asks them, answered by the models: is there a car? (tagger and segmenter), what color is it? (its mask), where is it? (boxes).
    /// </summary>
    public IReadOnlyList<TifaAnswer> Answers()
    {
        if (Segments is null)
            return [];
        var tags = Record.Reading.Tags ?? [];
        var answers = new List<TifaAnswer>();
        foreach (var item in Segments.Objects)
        {
            answers.Add(Yes("object", item.IsPresent && tags.Contains(item.Demanded.Noun, StringComparer.Ordinal)));
            if (item.Demanded.Color is not null)
                answers.Add(Yes("color", item.IsBound));
        }

        answers.AddRange(Segments.Relations.Select(relation => Yes("relation", relation.Holds)));
        return answers;
    }

    private static TifaAnswer Yes(string element, bool isSo) => new(new TifaQuestion(["yes", "no"], "yes", element), isSo ? "yes" : "no");

    private static Demand? Parse(string caption)
    {
        try
        {
            return ScenePrompt.Parse(caption);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }
}
