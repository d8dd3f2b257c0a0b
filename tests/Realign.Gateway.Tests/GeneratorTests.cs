using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Status = Grpc.Core.Status;
using EventCase = Realign.V1.RealignResponse.EventOneofCase;

namespace Realign.Gateway.Tests;

/// <summary>Several Generators behind one Gateway.</summary>
public sealed class GeneratorTests
{
    [Fact]
    public async Task TwoGenerators_MakeAttemptsSideBySide_EachOnItsOwn()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));
        using var together = new Barrier(2);
        var drawn = new ConcurrentBag<(int Generator, ulong Seed, bool Refined)>();
        mesh.Behavior.Drawing = (generator, request) =>
        {
            drawn.Add((generator, request.Seed, request.Modulation is not null));
            // nobody gets past this alone: both coarse images are drawn at the same time
            if (request is { Modulation: null, Seed: 7 or 8 })
                together.SignalAndWait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        };

        var events = await RealignAsync(mesh, 4);

        drawn.Count.ShouldBe(8);
        foreach (var attempt in drawn.GroupBy(image => image.Seed))
        {
            attempt.Count().ShouldBe(2);
            attempt.Select(image => image.Generator).Distinct().Count().ShouldBe(1);
        }

        drawn.Select(image => image.Generator).Distinct().Count().ShouldBe(2);
        var result = events[^1].Result;
        result.Attempts.Select(report => (report.Attempt, report.Seed)).ShouldBe([(1, 7ul), (2, 8ul), (3, 9ul), (4, 10ul)]);
        result.Accepted.Reason.ShouldBe(AcceptReason.BestOfAttempts);
        // the events of an attempt are in order, whatever comes in between
        foreach (var attempt in events.Where(message => message.Attempt > 0).GroupBy(message => message.Attempt))
        {
            var order = attempt.Select(message => message.EventCase).ToList();
            order[0].ShouldBe(EventCase.AttemptStarted);
            order.IndexOf(EventCase.Coarse).ShouldBeLessThan(order.IndexOf(EventCase.Refined));
        }
    }

    [Fact]
    public async Task VerifiedAttempt_CancelsTheOther()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        Seen.Show(mesh, _ => Seen.RedCar, Seen.Entity("car", "red"));
        mesh.Behavior.HangIf = request => request.Seed == 8;
        mesh.Behavior.Tag = _ =>
        {
            mesh.Behavior.Waiting(Stage.Coarse).Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
            return new TagResponse { Tags = { new Tag { Name = "car", Groundable = true } } };
        };

        var events = await RealignAsync(mesh, 16);

        var result = events[^1].Result;
        (result.Accepted.Attempt, result.Accepted.Reason).ShouldBe((1, AcceptReason.Verified));
        result.Attempts.Count.ShouldBe(2);
        result.Attempts[1].Note.ShouldContain("given up");
        await mesh.Behavior.Cancelled(Stage.Coarse).DefaultTimeout();
        events.Select(message => message.EventCase).TakeLast(2).ShouldBe([EventCase.Accepted, EventCase.Result]);
        events.ShouldNotContain(message => message.EventCase == EventCase.Failed);
    }

    [Fact]
    public async Task UnsetSeed_TheSecondGeneratorWaitsForTheFirstSeed()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));

        var events = await Calls.RealignAsync(mesh, "a red car", request => request.Attempts = 2);

        events[^1].Result.Attempts.Select(report => report.Seed).ShouldBe([4711ul, 4712ul]);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task OneOfTwoGeneratorsIsDown_TheOtherMakesAll(bool first, bool second)
    {
        await using var mesh = await FakeMesh.StartWithAsync([first, second], "--Gateway:Retries=0");
        Seen.Show(mesh, _ => Seen.BlueCar, Seen.Entity("car", "red"));

        // the first call comes before anybody knows
        var plain = (await RealignAsync(mesh, 1))[^1].Result;
        var result = (await RealignAsync(mesh, 3))[^1].Result;

        plain.Refined.ShouldBeTrue();
        result.Attempts.Count.ShouldBe(3);
        result.Attempts.ShouldAllBe(report => report.Refined != null);
        result.Accepted.Reason.ShouldBe(AcceptReason.BestOfAttempts);
    }

    [Fact]
    public async Task AllGeneratorsAreDown_TheStatusNamesOneAndTheSetting()
    {
        await using var mesh = await FakeMesh.StartWithAsync([false, false], "--Gateway:Retries=0");

        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, 1));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        Calls.Info(failure).Metadata["service"].ShouldStartWith("generator");
        failure.Status.Detail.ShouldContain("Gateway:Generator");
    }

    [Fact]
    public async Task GeneratorThatBreaksAfterItsFirstEvent_IsNotFollowedByAnother()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        mesh.Behavior.Generate = _ => [new GenerateResponse { Progress = new GenerateProgress { Step = 1, TotalSteps = 9 } }];
        mesh.Behavior.AfterFirstMessage[Stage.Coarse] = new([new Status(StatusCode.Unavailable, "going down")]);

        var failure = await TestService.FailsAsync(() => RealignAsync(mesh, 1));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        mesh.Behavior.Generated.Count.ShouldBe(1);
    }

    [Fact]
    public async Task GeneratorWithoutRoom_IsFollowedByAnotherAtOnce()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        var asked = new ConcurrentQueue<int>();
        mesh.Behavior.Drawing = (generator, _) =>
        {
            asked.Enqueue(generator);
            if (asked.Count == 1)
                throw Full(TimeSpan.FromMinutes(5));
        };

        (await RealignAsync(mesh, 1))[^1].Result.Refined.ShouldBeTrue();

        asked.Take(2).Order().ShouldBe([0, 1]);
    }

    [Fact]
    public async Task OnlyGeneratorWithoutRoom_IsAskedAgainWhenItSaysSo_UnlessThatIsTooLate()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var (times, delay) = (0, TimeSpan.FromMilliseconds(20));
        mesh.Behavior.Drawing = (_, request) =>
        {
            if (request.Modulation is null && Interlocked.Increment(ref times) <= 2)
                throw Full(delay);
        };

        var patient = (await RealignAsync(mesh, 1))[^1].Result;
        (times, delay) = (0, TimeSpan.FromMinutes(5));
        var failure = await TestService.FailsAsync(() => Calls.RealignAsync(mesh, "a red car", deadline: TimeSpan.FromSeconds(50)));

        patient.Refined.ShouldBeTrue();
        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBe(delay);
        times.ShouldBe(1);
    }

    [Fact]
    public async Task PlainCalls_TakeTheGeneratorWithTheFewestRunningCalls()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true]);
        using var together = new Barrier(2);
        var drawn = new ConcurrentBag<int>();
        mesh.Behavior.Drawing = (generator, request) =>
        {
            if (request.Modulation is not null)
                return;
            drawn.Add(generator);
            together.SignalAndWait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
        };

        _ = await Task.WhenAll(RealignAsync(mesh, 1), RealignAsync(mesh, 1));

        drawn.Order().ShouldBe([0, 1]);
    }

    [Fact]
    public async Task Status_ListsEachGenerator_AndOneIsEnough()
    {
        await using var mesh = await FakeMesh.StartWithAsync([true, true, false]);

        var status = await mesh.Client.GetMeshStatusAsync(new GetMeshStatusRequest()).ResponseAsync.DefaultTimeout();

        status.Services.Select(service => service.Name)
            .ShouldBe(["generator", "generator-2", "generator-3", "captioner", "tagger", "scene-scorer", "segmenter"]);
        status.Services.Select(service => service.Address).Distinct().Count().ShouldBe(7);
        status.Services[2].State.ShouldBe(ServiceState.Unreachable);
        (await mesh.Gateway.HealthAsync("generator")).ShouldBe(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
        (await mesh.Gateway.HealthAsync()).ShouldBe(Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1,localhost", "'localhost'")]
    [InlineData("http://127.0.0.1:1,", "''")]
    [InlineData("http://127.0.0.1:1, http://127.0.0.1:1/", "twice")]
    public async Task UnusableAddresses_AreReportedAtStart(string generators, string problem)
    {
        var failure = await Should.ThrowAsync<OptionsValidationException>(() => TestService.StartAsync(GatewayApp.Build, $"--Gateway:Generator={generators}"));

        failure.Message.ShouldContain("Generator");
        failure.Message.ShouldContain(problem);
    }

    private static RpcException Full(TimeSpan retry)
    {
        var status = new Google.Rpc.Status { Code = (int)Code.ResourceExhausted, Message = "the queue is full" };
        status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(retry) }));
        return status.ToRpcException();
    }

    private static Task<List<RealignResponse>> RealignAsync(FakeMesh mesh, int attempts) => Calls.RealignAsync(mesh, "a red car", request =>
    {
        request.Attempts = attempts;
        request.Generate.Seed = 7;
    });
}
