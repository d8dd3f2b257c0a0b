using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Realign.Core.Errors;
using Realign.Hosting.Models;
using Realign.Hosting.Scheduling;
using Realign.Hosting.Telemetry;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What an operator sees over HTTP/1.1, and how one request is followed. Instruments are the process's: no other test may call meanwhile.</summary>
[Collection(nameof(TelemetryTests))]
[CollectionDefinition(nameof(TelemetryTests), DisableParallelization = true)]
public sealed class TelemetryTests
{
    private const string Prompt = "a secret red car";

    [Fact]
    public async Task Metrics_CountCallsQueueAndWork_AndNothingOfTheCaller()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MetricsPort=0");
        using var client = new HttpClient { BaseAddress = AddressOf(service) };

        _ = await Extract(service);
        _ = await TestService.FailsAsync(() => Extract(service, "invalid"));

        var lines = await ScrapeAsync(client);
        const string Method = "rpc_method=\"realign.v1.SceneScorerService/ExtractEntities\"";
        Value(lines, "rpc_server_call_duration_seconds_count", Method, "rpc_response_status_code=\"OK\"").ShouldBe(1);
        Value(lines, "rpc_server_call_duration_seconds_count", Method, "rpc_response_status_code=\"InvalidArgument\"").ShouldBe(1);
        Value(lines, "realign_queue_wait_seconds_count", "model=\"test-model\"").ShouldBe(2);
        Value(lines, "realign_model_duration_seconds_count", "model=\"test-model\"").ShouldBe(2);
        Value(lines, "realign_queue_length", "model=\"test-model\"").ShouldBe(0);
        Value(lines, "realign_model_state", "model=\"test-model\"", "state=\"ready\"").ShouldBe(1);
        Value(lines, "realign_model_state", "model=\"test-model\"", "state=\"loading\"").ShouldBe(0);
        lines.ShouldContain(line => line.StartsWith("dotnet_process_memory_working_set_bytes", StringComparison.Ordinal));
        lines.ShouldAllBe(line => !line.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_CallsThatTheQueueRefuses_AreCountedByReason()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MetricsPort=0");
        using var client = new HttpClient { BaseAddress = AddressOf(service) };
        var held = service.Services.GetRequiredService<HeldModel>();

        var first = Extract(service, "hold");
        await held.Entered.Task.DefaultTimeout();
        // there is one place: one of the two waits, and the other is answered while the model is held
        Task<ExtractEntitiesResponse>[] others = [Extract(service), Extract(service)];
        var answered = await Task.WhenAny(others).DefaultTimeout();
        var refused = await TestService.FailsAsync(() => answered);
        var lines = await ScrapeAsync(client);
        held.Release.Set();

        refused.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        Value(lines, "realign_queue_length", "model=\"test-model\"").ShouldBe(1);
        Value(lines, "realign_queue_depth", "model=\"test-model\"").ShouldBe(2);
        Value(lines, "realign_queue_refusals_total", "model=\"test-model\"", "reason=\"QueueFull\"").ShouldBe(1);
        _ = await first.DefaultTimeout();
        _ = await others.Single(other => other != answered).DefaultTimeout();
    }

    [Fact]
    public async Task Probes_ProcessLives_ButIsReadyOnlyWithItsModels()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MetricsPort=0", "--Test:Fails=true");
        using var client = new HttpClient { BaseAddress = AddressOf(service) };
        service.ExpectError("cannot be loaded");

        (await client.GetAsync("/healthz")).StatusCode.ShouldBe(HttpStatusCode.OK);
        using var ready = await client.GetAsync("/readyz");

        ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await ready.Content.ReadAsStringAsync()).ShouldBe("test-model: failed\n");
    }

    [Fact]
    public async Task Trace_OfTheCaller_ReachesTheModel()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ServiceMetrics.Name,
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = span =>
            {
                lock (spans)
                    spans.Add(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var service = await TestService.StartAsync(Build);

        using var request = new Activity("request").Start();
        _ = await Extract(service);

        lock (spans)
            spans.ShouldContain(span => span.OperationName == "model test-model" && span.TraceId == request.TraceId);
    }

    private static Task<ExtractEntitiesResponse> Extract(TestService service, string prompt = Prompt) =>
        new SceneScorerService.SceneScorerServiceClient(service.Channel).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = prompt }).ResponseAsync;

    private static Uri AddressOf(TestService service) =>
        new(service.Services.GetServices<IHostedService>().OfType<TelemetryServer>().Single().Address.ShouldNotBeNull());

    private static async Task<string[]> ScrapeAsync(HttpClient client) => (await client.GetStringAsync("/metrics")).Split('\n');

    private static double Value(string[] lines, string name, params string[] labels)
    {
        var line = lines.Where(line => line.StartsWith(name + "{", StringComparison.Ordinal)
            && labels.All(label => line.Contains(label, StringComparison.Ordinal))).ShouldHaveSingleItem();
        return double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton<HeldModel>();
        builder.Services.AddModel("test-model", _ => 1, (provider, _) => builder.Configuration["Test:Fails"] is null
            ? provider.GetRequiredService<HeldModel>()
            : throw new InvalidDataException("broken"));
        var app = builder.BuildService();
        app.MapGrpcService<ModelService>();
        return app;
    }

    private sealed class HeldModel
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim Release { get; } = new();
    }

    private sealed class ModelService(ModelHost<HeldModel> host) : SceneScorerService.SceneScorerServiceBase
    {
        public override Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context) => host.RunAsync(
            (model, token) =>
            {
                if (request.Prompt == "invalid")
                    throw new InvalidInputException("prompt", "invalid", "is invalid", "send another");
                if (request.Prompt == "hold")
                {
                    _ = model.Entered.TrySetResult();
                    model.Release.Wait(token);
                }

                return new ExtractEntitiesResponse();
            },
            CallTerms.Of(context));
    }
}
