using Realign.V1;

namespace Realign.Gateway.Realigning;

/// <summary>Cuts the caller's deadline into the stages' deadlines.</summary>
internal sealed class StageSchedule(DateTime arrival, DateTime deadline, StageShares shares)
{
    /// <summary>When a stage must be done, UTC: its share and all earlier ones have passed.</summary>
    public DateTime DeadlineOf(Stage stage)
    {
        var share = stage switch
        {
            Stage.Coarse => shares.Coarse,
            Stage.Tag or Stage.Caption => shares.Coarse + shares.Read,
            Stage.Scene => shares.Coarse + shares.Read + shares.Scene,
            Stage.Segment => shares.Coarse + shares.Read + shares.Scene + shares.Segment,
            _ => shares.Coarse + shares.Read + shares.Scene + shares.Segment + shares.Refine,
        };
        return arrival + ((deadline - arrival) * Math.Min(share, 1));
    }
}
