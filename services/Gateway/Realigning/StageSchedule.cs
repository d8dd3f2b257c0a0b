using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>
/// Cuts the caller's deadline into the deadlines of one attempt's stages. The first attempt leaves every stage its share, so that a slow
/// one still leaves an image. A further attempt has one to fall back on: its stages may take all the time there is.
/// </summary>
/// <param name="arrival">When the call arrived, UTC.</param>
/// <param name="deadline">The caller's deadline, UTC.</param>
/// <param name="shares">The shares.</param>
/// <param name="isFirst">Whether it is the first attempt.</param>
internal sealed class StageSchedule(DateTime arrival, DateTime deadline, StageShares shares, bool isFirst)
{
    /// <summary>When everything but the answer must be done, UTC.</summary>
    public DateTime End => arrival + ((deadline - arrival) * Math.Min(shares.Sum, 1));

    /// <summary>When a stage must be done, UTC: its share and all earlier ones have passed. VERIFY gets its own share from now on, and no more.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="now">When it begins, UTC.</param>
    public DateTime DeadlineOf(Stage stage, DateTime now)
    {
        if (stage == Stage.Verify)
        {
            var own = now + ((deadline - arrival) * shares.Verify);
            return own < End ? own : End;
        }

        if (!isFirst)
            return End;
        var share = stage switch
        {
            Stage.Coarse => shares.Coarse,
            Stage.Tag or Stage.Caption => shares.Coarse + shares.Read,
            Stage.Scene => shares.Coarse + shares.Read + shares.Scene,
            Stage.Segment => shares.Coarse + shares.Read + shares.Scene + shares.Segment,
            _ => shares.Sum - shares.Verify,
        };
        return arrival + ((deadline - arrival) * Math.Min(share, 1));
    }
}
