using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.OpenInference.Tests;

/// <summary>What a service tells of itself and its model.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Server_LivesIsReadyAndSaysWhatItIs()
    {
        await using var service = await EchoService.StartAsync();
        var client = service.Client();

        (await client.ServerLiveAsync(new ServerLiveRequest())).Live.ShouldBeTrue();
        (await client.ServerReadyAsync(new ServerReadyRequest())).Ready.ShouldBeTrue();
        var metadata = await client.ServerMetadataAsync(new ServerMetadataRequest());
        metadata.Name.ShouldBe("realign");
        metadata.Version.ShouldMatch(@"^\d+\.\d+\.\d+$");
        metadata.Extensions.ShouldBe(["model_repository", "model_configuration", "schedule_policy", "parameters", "statistics"]);
        foreach (var name in new[] { "echo", "echo-host", "inference.GRPCInferenceService" })
            (await service.HealthAsync(name)).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving, name);
    }

    [Theory]
    [InlineData("echo", "", true)]
    [InlineData("echo", "1", true)]
    [InlineData("echo", "2", false)]
    [InlineData("other", "", false)]
    public async Task ModelReady_KnowsTheVersion(string name, string version, bool ready)
    {
        await using var service = await EchoService.StartAsync();

        (await service.Client().ModelReadyAsync(new ModelReadyRequest { Name = name, Version = version })).Ready.ShouldBe(ready);
    }

    [Fact]
    public async Task ModelMetadataAndConfig_TellTheTensors()
    {
        await using var service = await EchoService.StartAsync();

        var metadata = await service.Client().ModelMetadataAsync(new ModelMetadataRequest { Name = "echo" });
        var config = (await service.Client().ModelConfigAsync(new ModelConfigRequest { Name = "echo", Version = "1" })).Config;

        metadata.Versions.ShouldBe(["1"]);
        var fixedInput = metadata.Inputs.Single(input => input.Name == "fixed");
        (fixedInput.Datatype, fixedInput.Shape.Single()).ShouldBe(("INT32", 2));
        metadata.Properties["fixed.optional"].ShouldBe("true");
        metadata.Outputs.Count.ShouldBe(15);
        config.ModelTransactionPolicy.Decoupled.ShouldBeTrue();
        config.MaxBatchSize.ShouldBe(0);
        config.Input.Single(input => input.Name == "bytes").DataType.ShouldBe(DataType.TypeString);
        config.Input.ShouldAllBe(input => input.Optional);
        (await TestService.FailsAsync(async () => await service.Client().ModelMetadataAsync(new ModelMetadataRequest { Name = "other" })))
            .StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task ModelStatistics_CountWhatTheModelDid()
    {
        await using var service = await EchoService.StartAsync();
        _ = await service.InferAsync(EchoService.Request());
        _ = await service.InferAsync(EchoService.Request());
        _ = await TestService.FailsAsync(() => service.InferAsync(EchoService.Request("refuse")));

        var statistics = (await service.Client().ModelStatisticsAsync(new ModelStatisticsRequest())).ModelStats.ShouldHaveSingleItem();

        (statistics.Name, statistics.Version).ShouldBe(("echo", "1"));
        statistics.InferenceCount.ShouldBe(2ul);
        statistics.ExecutionCount.ShouldBe(3ul);
        statistics.InferenceStats.Success.Count.ShouldBe(2ul);
        statistics.InferenceStats.Success.Ns.ShouldBeGreaterThan(0ul);
        statistics.InferenceStats.Fail.Count.ShouldBe(1ul);
        statistics.InferenceStats.Queue.Count.ShouldBe(3ul);
        statistics.InferenceStats.ComputeInfer.Count.ShouldBe(3ul);
        DateTimeOffset.FromUnixTimeMilliseconds((long)statistics.LastInference).ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
        (await TestService.FailsAsync(async () => await service.Client().ModelStatisticsAsync(new ModelStatisticsRequest { Name = "other" })))
            .StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task WhatIsNotOffered_SaysSo()
    {
        await using var service = await EchoService.StartAsync();
        var client = service.Client();
        var none = new NotOffered();
        Func<AsyncUnaryCall<NotOffered>>[] calls =
        [
            () => client.SystemSharedMemoryStatusAsync(none),
            () => client.SystemSharedMemoryRegisterAsync(none),
            () => client.SystemSharedMemoryUnregisterAsync(none),
            () => client.CudaSharedMemoryStatusAsync(none),
            () => client.CudaSharedMemoryRegisterAsync(none),
            () => client.CudaSharedMemoryUnregisterAsync(none),
            () => client.TraceSettingAsync(none),
            () => client.LogSettingsAsync(none),
        ];

        foreach (var call in calls)
        {
            var failure = await TestService.FailsAsync(async () => await call());
            failure.StatusCode.ShouldBe(StatusCode.Unimplemented);
            failure.Status.Detail.ShouldContain(":");
            failure.GetRpcStatus()!.GetDetail<ErrorInfo>().ShouldNotBeNull();
        }
    }
}
