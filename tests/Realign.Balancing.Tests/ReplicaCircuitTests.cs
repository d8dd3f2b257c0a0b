using Realign.Balancing.Replicas;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Balancing.Tests;

/// <summary>What is made of what a replica answers.</summary>
public sealed class ReplicaCircuitTests
{
    private readonly ManualTime _time = new();
    private readonly ReplicaCircuit _circuit;

    public ReplicaCircuitTests() => _circuit = new ReplicaCircuit(TimeSpan.FromSeconds(5), _time);

    [Fact]
    public void State_NothingHeard_IsServing()
    {
        _circuit.State.ShouldBe(ReplicaState.Serving);
        _circuit.HasAnswered.ShouldBeFalse();
    }

    [Fact]
    public void TimedOut_BeforeItsTime_ChangesNothing()
    {
        _circuit.Answered(isServing: true);
        _time.Advance(TimeSpan.FromSeconds(4.9));

        _circuit.TimedOut().ShouldBeFalse();
        _circuit.State.ShouldBe(ReplicaState.Serving);
    }

    [Fact]
    public void TimedOut_NothingHeardForLong_IsSilentOnce_UntilItAnswers()
    {
        _time.Advance(TimeSpan.FromSeconds(5));

        _circuit.TimedOut().ShouldBeTrue();
        _circuit.TimedOut().ShouldBeFalse();
        _circuit.State.ShouldBe(ReplicaState.Silent);
        _circuit.Answered(isServing: true);
        _circuit.State.ShouldBe(ReplicaState.Serving);
    }

    [Fact]
    public void Spoke_InACall_IsAnAnswer()
    {
        _time.Advance(TimeSpan.FromSeconds(4));
        _circuit.Spoke();
        _time.Advance(TimeSpan.FromSeconds(4));

        _circuit.TimedOut().ShouldBeFalse();
        _circuit.HasAnswered.ShouldBeTrue();
    }

    [Fact]
    public void Spoke_KeepsThatItDoesNotServe()
    {
        _circuit.Answered(isServing: false);
        _circuit.Spoke();
        _circuit.State.ShouldBe(ReplicaState.NotServing);

        _circuit.Refused();
        _circuit.State.ShouldBe(ReplicaState.Unreachable);
        _circuit.Spoke();
        _circuit.State.ShouldBe(ReplicaState.Serving);
    }

    [Fact]
    public void Refused_IsNotSilent()
    {
        _time.Advance(TimeSpan.FromSeconds(9));
        _circuit.Refused();

        _circuit.TimedOut().ShouldBeFalse();
        _circuit.HasAnswered.ShouldBeFalse();
    }
}
