namespace Realign.Evaluation.Reports;

/// <summary>The figures of one arm on one set. What needs the oracle is null without it.</summary>
internal sealed record ArmReport
{
    public required string Arm { get; init; }

    public required int Pictures { get; init; }

    /// <summary>Demanded objects that are there, of whatever color.</summary>
    public Share? Objects { get; init; }

    /// <summary>Demanded objects that are there in their color.</summary>
    public Share? Bound { get; init; }

    /// <summary>Pictures in which every demanded object is there in its color.</summary>
    public Share? AllBound { get; init; }

    /// <summary>Pictures in which every demanded relation holds, of those whose prompt demands one.</summary>
    public Share? Relation { get; init; }

    /// <summary>Pictures in which all of it is so: every object in its color, and every relation.</summary>
    public Share? Right { get; init; }

    /// <summary>Objects a picture that nothing demands.</summary>
    public Mean? ExtraObjects { get; init; }

    /// <summary>Share of right answers of tagger, segmenter and mask color, mean over the pictures.</summary>
    public Mean? Tifa { get; init; }

    /// <summary>Cosine of picture and prompt.</summary>
    public Mean? Clip { get; init; }

    /// <summary>Distance to rendered scenes.</summary>
    public FrechetFigure? Frechet { get; init; }

    /// <summary>Refined pictures.</summary>
    public Share? Refined { get; init; }

    /// <summary>Attempts a picture.</summary>
    public Mean? Attempts { get; init; }

    /// <summary>Seconds a picture, beside the other calls of the run.</summary>
    public Mean? Seconds { get; init; }

    /// <summary>"All bound" against the base.</summary>
    public Comparison? AllBoundAgainstBase { get; init; }

    /// <summary>"Relation" against the base.</summary>
    public Comparison? RelationAgainstBase { get; init; }
}
