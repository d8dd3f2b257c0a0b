using Realign.V1;
using Realign.Wire.Mesh;
using Realign.Wire.Schedulers;
using Shouldly;
using Xunit;

namespace Realign.Wire.Tests;

/// <summary>The tables of services and schedulers are complete and without doubles.</summary>
public sealed class TableTests
{
    [Fact]
    public void Services_HaveNamesPortsAndSettingsOfTheirOwn()
    {
        MeshService.All.Count.ShouldBe(6);
        MeshService.All.Select(service => service.Name).ShouldBeUnique();
        MeshService.All.Select(service => service.Port).Order().ShouldBe(Enumerable.Range(MeshService.FirstPort, 6));
        MeshService.All.Select(service => service.Variable).ShouldContain("REALIGN_SCENE_SCORER");
    }

    [Fact]
    public void Schedulers_OfTheProtoAllHaveTheirNames()
    {
        SchedulerName.All.Select(name => name.Value).ShouldBe(Enum.GetValues<Scheduler>().Where(value => value != Scheduler.Unspecified));
        SchedulerName.All.Select(name => name.Option).ShouldBeUnique();
        SchedulerName.All.Select(name => name.ClassName).ShouldBeUnique();
        SchedulerName.Of(Scheduler.Unspecified).ShouldBeNull();
        SchedulerName.OfOption("Euler-Ancestral")!.Value.ShouldBe(Scheduler.EulerAncestral);
        SchedulerName.OfClass("EDMEulerScheduler").ShouldBeNull();
    }
}
