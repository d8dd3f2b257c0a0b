using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Realign.Core.Errors;
using Realign.Wire.Requests;
using Realign.Hosting.Scheduling;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>The shared host over real gRPC, with a service that fails in every way.</summary>
public sealed class ServiceHostTests
{
    [Fact]
    public async Task InvalidInput_HasFieldValueAndWayOut()
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => Extract(service, "invalid"));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("use 1 to 10");
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("steps");
        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Metadata["value"].ShouldBe("11");
    }

    [Fact]
    public async Task LongListOfProblems_FitsIntoTheHeadersThatClientsTake()
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => Extract(service, "broken model"));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("missing key 'layers.0.weight'");
        // the caller learns the name, the log knows the folder
        failure.Status.Detail.ShouldStartWith("x: 2000 problem(s)");
        failure.Status.Detail.ShouldEndWith("Download it again");
        failure.GetRpcStatus()!.Message.ShouldBe(failure.Status.Detail);
        // Python and C++ take 8 KiB; the message itself is one more field
        var size = failure.Trailers.Sum(field => field.Key.Length + (field.IsBinary ? field.ValueBytes.Length * 4 / 3 : field.Value.Length));
        (size + failure.Status.Detail.Length).ShouldBeLessThan(6 << 10);
    }

    [Theory]
    [InlineData("invalid path", "adapters[0].name = /etc/own: style.safetensors cannot be read. Use another, not style.safetensors")]
    [InlineData("precondition path", "no 'config.json' in snapshot, see http://127.0.0.1:5101/a/b and 1/2 of it. Look into models")]
    public async Task PathsOfThisMachine_DoNotReachTheCaller(string prompt, string text)
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => Extract(service, prompt));

        failure.Status.Detail.ShouldBe(text);
        failure.GetRpcStatus()!.ToString().ShouldNotContain("/srv");
    }

    [Fact]
    public async Task CallerLeavesABidirectionalStream_IsNoError()
    {
        // disposing the service fails when anything was logged as an error
        await using var service = await TestService.StartAsync(Build);
        var client = new ServerReflection.ServerReflectionClient(service.Channel);

        for (var i = 0; i < 400; i++)
        {
            using var call = client.ServerReflectionInfo();
            await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }).DefaultTimeout();
            // every other caller leaves before the answer, while the service is still writing it
            if (i % 2 == 0)
                (await call.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout()).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task FullQueue_CarriesRetryInfo()
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => Extract(service, "full"));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.Seconds.ShouldBe(3);
    }

    [Fact]
    public async Task UnforeseenException_IsInternalWithoutItsText()
    {
        await using var service = await TestService.StartAsync(Build);

        service.ExpectError("secret detail");

        var failure = await TestService.FailsAsync(() => Extract(service, "crash"));

        failure.StatusCode.ShouldBe(StatusCode.Internal);
        failure.Status.Detail.ShouldContain("incident");
        failure.Status.Detail.ShouldNotContain("secret");
        var incident = failure.Status.Detail.Split(' ')[^1];
        service.Logs.ShouldContain(entry => entry.Text.Contains(incident) && entry.Text.Contains("secret detail"));
    }

    [Fact]
    public async Task UnknownFromAHandler_IsInternal()
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => Extract(service, "unknown"));

        failure.StatusCode.ShouldBe(StatusCode.Internal);
    }

    [Fact]
    public async Task DeadlineDuringWork_IsDeadlineExceeded()
    {
        await using var service = await TestService.StartAsync(Build);

        var failure = await TestService.FailsAsync(() => new SceneScorerService.SceneScorerServiceClient(service.Channel)
            .ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = "wait" }, deadline: DateTime.UtcNow.AddMilliseconds(200)).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
    }

    [Theory]
    [InlineData(new byte[] { 0x0a, 0x02, 0xff, 0xfe })]
    [InlineData(new byte[] { 0x0a, 0x7f, 0x61 })]
    public async Task MessageThatCannotBeParsed_IsInvalidArgument(byte[] message)
    {
        await using var service = await TestService.StartAsync(Build);
        var method = new Method<byte[], ExtractEntitiesResponse>(MethodType.Unary, "realign.v1.SceneScorerService", "ExtractEntities",
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
            Marshallers.Create<ExtractEntitiesResponse>(response => response.ToByteArray(), ExtractEntitiesResponse.Parser.ParseFrom));

        var failure = await TestService.FailsAsync(() =>
            service.Channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, message).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("UTF-8");
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 0x0a, 0x01, 0x61 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 3, 0x0a, 0x01, 0x61, 0, 0, 0, 0, 3, 0x0a, 0x01, 0x61 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 3, 0x0a, 0x01, 0x61 })]
    public async Task NotExactlyOneMessage_IsInvalidArgument(byte[] body)
    {
        await using var service = await TestService.StartAsync(Build);
        using var client = new HttpClient { DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{service.Address}/realign.v1.SceneScorerService/ExtractEntities");
        request.Content = new ByteArrayContent(body);
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");

        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken).DefaultTimeout();

        response.Headers.GetValues("grpc-status").ShouldBe(["3"]);
        response.Headers.GetValues("grpc-message").Single().ShouldContain("proto files");
    }

    [Fact]
    public async Task ModelThatCannotBeLoaded_LeavesTheProcessUp()
    {
        await using var service = await TestService.StartAsync(args =>
        {
            var builder = ServiceHost.CreateBuilder(args, 0);
            builder.Services.AddModel<object>(
                "broken", _ => 1, (_, _) => throw new ModelLoadException("/models/x", ["missing key 'a'", "missing key 'b'"], "download it again"));
            return builder.BuildService();
        });

        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await service.HealthAsync("broken")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        var host = service.Services.GetRequiredService<Models.ModelHost<object>>();
        var refused = Should.Throw<FailedPreconditionException>(() => { _ = host.RunAsync((_, _) => 1, new CallTerms(CancellationToken.None)); });
        refused.Message.ShouldContain("missing key 'b'");
    }

    [Fact]
    public async Task MessageAboveTheLimit_IsResourceExhausted()
    {
        await using var service = await TestService.StartAsync(Build, "--Hosting:MaxMessageMegabytes=1");

        var failure = await TestService.FailsAsync(() => Extract(service, new string('a', 2 << 20)));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("larger than 1 MiB");
        failure.Status.Detail.ShouldContain("Hosting:MaxMessageMegabytes");
    }

    [Fact]
    public void UnusableSettings_AreAllReported()
    {
        var refused = Should.Throw<OptionsValidationException>(() => Build(
        [
            "--urls=nonsense;https://127.0.0.1:1;http://127.0.0.1:99999",
            "--Hosting:DrainSeconds=soon", "--Hosting:MaxMessageMegabytes=5000", "--Hosting:Drain=1",
        ]));

        refused.Failures.Count().ShouldBe(6);
        var text = string.Join('\n', refused.Failures);
        text.ShouldContain("'https://127.0.0.1:1'");
        text.ShouldContain("Hosting:DrainSeconds = 'soon': not a whole number");
        text.ShouldContain("between 1 and 1024");
        text.ShouldContain("Hosting:Drain: there is no such setting. Use one of Address, MaxMessageMegabytes, MaxHeldMegabytes, ");
    }

    [Fact]
    public async Task UnusableSettings_EndTheProcessWithoutAStackTrace()
    {
        var before = Console.Error;
        using var error = new StringWriter();
        Console.SetError(error);
        int code;
        try
        {
            code = await ServiceHost.RunAsync(Build, ["--Hosting:DrainSeconds=soon"]).DefaultTimeout();
        }
        finally
        {
            Console.SetError(before);
        }

        code.ShouldBe(1);
        error.ToString().ShouldContain("  - Hosting:DrainSeconds = 'soon'");
        error.ToString().ShouldNotContain("   at ");
    }

    [Theory]
    [InlineData("simple")]
    [InlineData("json", "--Logging:Console:FormatterName=json")]
    public async Task Logs_AreLinesOrJson(string formatter, params string[] settings)
    {
        await using var service = await TestService.StartAsync(Build, settings);

        service.Services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName.ShouldBe(formatter);
        service.Services.GetServices<ConsoleFormatter>().ShouldContain(known => known.Name == formatter);
    }

    [Fact]
    public async Task Stop_CallInProgress_MayFinish()
    {
        var service = await TestService.StartAsync(Build);
        var work = service.Services.GetRequiredService<HeldWork>();
        using var channel = TestService.Connect(service.Address);
        var call = new SceneScorerService.SceneScorerServiceClient(channel).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = "hold" }).ResponseAsync;
        await work.Entered.Task.DefaultTimeout();

        var stopping = service.DisposeAsync();
        // the listening socket goes first
        await TestService.FailsAsync(async () =>
        {
            while (true)
            {
                using var other = TestService.Connect(service.Address);
                _ = await new Health.HealthClient(other).CheckAsync(new HealthCheckRequest()).ResponseAsync;
            }
        });
        work.Release.SetResult();

        _ = await call.DefaultTimeout();
        await stopping;
    }

    [Fact]
    public async Task Stop_CallThatOutlastsTheDrain_IsCancelled()
    {
        var service = await TestService.StartAsync(Build, "--Hosting:DrainSeconds=1");
        var work = service.Services.GetRequiredService<HeldWork>();
        using var channel = TestService.Connect(service.Address);
        var call = new SceneScorerService.SceneScorerServiceClient(channel).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = "hold" }).ResponseAsync;
        await work.Entered.Task.DefaultTimeout();

        await service.DisposeAsync();

        (await TestService.FailsAsync(() => call)).StatusCode.ShouldBeOneOf(StatusCode.Cancelled, StatusCode.Unavailable);
        await work.Left.Task.DefaultTimeout();
    }

    private static Task Extract(TestService service, string prompt) =>
        new SceneScorerService.SceneScorerServiceClient(service.Channel).ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = prompt }).ResponseAsync;

    private static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddSingleton<HeldWork>();
        var app = builder.BuildService();
        app.MapGrpcService<FailingService>();
        return app;
    }

    private sealed class HeldWork
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private sealed class FailingService(HeldWork work) : SceneScorerService.SceneScorerServiceBase
    {
        public override async Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context)
        {
            switch (request.Prompt)
            {
                case "invalid":
                    _ = Require.Range("steps", 11, 1, 10);
                    break;
                case "full":
                    throw new ResourceExhaustedException("the queue is full", "ask again later", TimeSpan.FromSeconds(3));
                case "broken model":
                    throw new ModelLoadException(
                        "/models/x", [.. Enumerable.Range(0, 2000).Select(i => $"missing key 'layers.{i}.weight'")], "download it again");
                case "invalid path":
                    throw new InvalidInputException(
                        "adapters[0].name", "/etc/own", "/srv/a/style.safetensors cannot be read", "use another, not /srv/a/style.safetensors");
                case "precondition path":
                    throw new FailedPreconditionException(
                        "no '/srv/models/config.json' in /srv/models/snapshot, see http://127.0.0.1:5101/a/b and 1/2 of it", "look into /srv/models");
                case "crash":
                    throw new InvalidOperationException("secret detail");
                case "unknown":
                    throw new RpcException(new Grpc.Core.Status(StatusCode.Unknown, "no reason"));
                case "hold":
                    work.Entered.SetResult();
                    try
                    {
                        await work.Release.Task.WaitAsync(context.CancellationToken);
                    }
                    finally
                    {
                        work.Left.SetResult();
                    }

                    break;
                case "wait":
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                    break;
            }

            return new ExtractEntitiesResponse();
        }
    }
}
