namespace Realign.Conformance.Runner;

/// <summary>
/// The cases of one folder of a pack. A suite reads every size, seed, text and tolerance from the pack's json files:
/// another pack of the same structure must run without a code change.
/// </summary>
public interface IConformanceSuite
{
    /// <summary>Folder inside the pack, e.g. <c>diffusion/schedulers</c>; the suite is skipped when a pack lacks it.</summary>
    string Folder { get; }

    /// <summary>Lists the cases without running them.</summary>
    /// <param name="folder">Full path of <see cref="Folder"/> in the pack.</param>
    IEnumerable<ConformanceCase> Cases(string folder);
}
