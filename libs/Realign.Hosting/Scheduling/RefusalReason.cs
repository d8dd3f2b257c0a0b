namespace Realign.Hosting.Scheduling;

/// <summary>Why a model does not work on a call.</summary>
internal enum RefusalReason
{
    /// <summary>There is no place left.</summary>
    QueueFull,

    /// <summary>It had a place, and gave it to a call with a better claim.</summary>
    PlaceTaken,

    /// <summary>What goes before it leaves too little time.</summary>
    TooLate,

    /// <summary>It would not end in time if the model began at once.</summary>
    TooLong,
}
