using System.Net;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Realign.Hosting.Receiving;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Hosting.Tests;

/// <summary>What callers send, over real sockets: half messages, slow ones, odd header fields.</summary>
public sealed class ReceivingTests
{
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task HalfSentMessages_HoldNoMoreThanTheBudget_AndGiveItBack()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=8", "--Hosting:MaxHeldMegabytes=16");
        var budget = service.Services.GetRequiredService<ReceiveBudget>();
        using var client = new HttpClient();
        using var leave = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 20)
            .Select(_ => new HalfSent(8 * Megabyte, 4 * Megabyte).PostAsync(client, service.Address, leave.Token)).ToList();

        // at most 4 of them fit into the budget; each of the others is answered
        var answered = 0;
        await foreach (var call in Task.WhenEach(calls))
        {
            using var response = await call.DefaultTimeout();
            response.Headers.GetValues("grpc-status").ShouldBe(["8"]);
            Details(response).GetDetail<RetryInfo>().ShouldNotBeNull();
            budget.Held.ShouldBeLessThanOrEqualTo(16 * Megabyte);
            if (++answered == 16)
                break;
        }

        await leave.CancelAsync();
        await FreeAsync(budget).DefaultTimeout();
        await ExtractAsync(service, new string('a', 7 * Megabyte)).DefaultTimeout();
        await FreeAsync(budget).DefaultTimeout();
    }

    [Fact]
    public async Task CallInProgress_KeepsItsBytesCountedUntilItEnds()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=8", "--Hosting:MaxHeldMegabytes=8");
        var gate = service.Services.GetRequiredService<Gate>();
        var held = ExtractAsync(service, "hold" + new string('a', 5 * Megabyte));
        await gate.Entered.Task.DefaultTimeout();

        var failure = await TestService.FailsAsync(() => ExtractAsync(service, new string('a', 5 * Megabyte)));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("Hosting:MaxHeldMegabytes");
        failure.GetRpcStatus()!.GetDetail<RetryInfo>().ShouldNotBeNull();
        gate.Release.SetResult();
        await held.DefaultTimeout();
    }

    [Theory]
    [InlineData(1000, 10)]
    [InlineData(0, 0)]
    public async Task MessageThatDoesNotArriveInTime_IsGivenUp_WithoutItsNeighbors(int announced, int sent)
    {
        await using var service = await StartAsync("--Hosting:MessageSeconds=1");
        using var client = new HttpClient();
        // open for as long, between two messages
        using var stream = new ServerReflection.ServerReflectionClient(service.Channel).ServerReflectionInfo();
        await AskAsync(stream);

        using var response = await new HalfSent(announced, sent).PostAsync(client, service.Address, CancellationToken.None).DefaultTimeout();

        response.Headers.GetValues("grpc-status").ShouldBe(["4"]);
        Details(response).GetDetail<ErrorInfo>()!.Reason.ShouldBe("MESSAGE_TOO_SLOW");
        await AskAsync(stream);
        await FreeAsync(service.Services.GetRequiredService<ReceiveBudget>()).DefaultTimeout();
    }

    [Theory]
    [InlineData("10")]
    [InlineData("S")]
    [InlineData("123456789S")]
    [InlineData("-1S")]
    [InlineData("1.5S")]
    [InlineData("10s")]
    public async Task TimeoutThatCannotBeRead_IsInvalidArgument(string timeout)
    {
        await using var service = await StartAsync();
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{service.Address}/realign.v1.SceneScorerService/ExtractEntities")
        {
            Content = new ByteArrayContent([0, 0, 0, 0, 0]),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Content.Headers.ContentType = new("application/grpc");
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("grpc-timeout", timeout);

        using var response = await client.SendAsync(request).DefaultTimeout();

        response.Headers.GetValues("grpc-status").ShouldBe(["3"]);
        Details(response).GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe("grpc-timeout");
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(40_000)]
    [InlineData(200_000)]
    public async Task MuchMetadata_IsResourceExhausted(int size)
    {
        await using var service = await StartAsync();
        var metadata = new Metadata { { "x-much", new string('a', size) } };

        var failure = await TestService.FailsAsync(() => ExtractAsync(service, "a", metadata));

        failure.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        failure.Status.Detail.ShouldContain("metadata");
        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason.ShouldBe("METADATA_TOO_LARGE");
    }

    [Fact]
    public async Task SomeMetadata_IsTaken()
    {
        await using var service = await StartAsync();

        await ExtractAsync(service, "a", new Metadata { { "x-some", new string('a', 8000) } }).DefaultTimeout();
    }

    [Fact]
    public async Task OversizeMessage_HasErrorInfo()
    {
        await using var service = await StartAsync("--Hosting:MaxMessageMegabytes=1");

        var failure = await TestService.FailsAsync(() => ExtractAsync(service, new string('a', 2 * Megabyte)));

        var info = failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
        info.Reason.ShouldBe("MESSAGE_TOO_LARGE");
        info.Metadata["limit_megabytes"].ShouldBe("1");
    }

    [Fact]
    public async Task MalformedMessage_HasErrorInfoAndBadRequest()
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => RawAsync(service, "ExtractEntities", [0x0a, 0x7f, 0x61]));

        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason.ShouldBe("MALFORMED_MESSAGE");
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Description.ShouldContain("proto files");
    }

    [Fact]
    public async Task UnknownMethod_HasErrorInfo()
    {
        await using var service = await StartAsync();

        var failure = await TestService.FailsAsync(() => RawAsync(service, "Nothing", []));

        failure.StatusCode.ShouldBe(StatusCode.Unimplemented);
        failure.GetRpcStatus()!.GetDetail<ErrorInfo>()!.Reason.ShouldBe("UNIMPLEMENTED");
    }

    [Fact]
    public async Task DefaultsOfAService_HoldUnlessSettingsSayOtherwise()
    {
        await using var service = await TestService.StartAsync(BuildSmall);
        await using var other = await TestService.StartAsync(BuildSmall, "--Hosting:MaxMessageMegabytes=4");
        var prompt = new string('a', 2 * Megabyte);

        (await TestService.FailsAsync(() => ExtractAsync(service, prompt))).Status.Detail.ShouldContain("larger than 1 MiB");
        await ExtractAsync(other, prompt).DefaultTimeout();
    }

    [Fact]
    public async Task ServiceWithoutAddresses_ListensOnThisMachineOnly()
    {
        await using var app = Build([]);

        await app.StartAsync().DefaultTimeout();

        Listening(app).ShouldAllBe(address => address.StartsWith("http://127.0.0.1:"));
    }

    [Theory]
    [InlineData("0.0.0.0", "http://0.0.0.0:")]
    [InlineData("::1", "http://[::1]:")]
    public async Task ServiceWithAnAddress_ListensThere(string address, string start)
    {
        await using var app = Build([$"--Hosting:Address={address}"]);

        await app.StartAsync().DefaultTimeout();

        Listening(app).ShouldAllBe(listening => listening.StartsWith(start));
    }

    [Fact]
    public void AddressThatIsNone_IsRefused() =>
        Should.Throw<OptionsValidationException>(() => Build(["--Hosting:Address=everywhere"])).Message.ShouldContain("write it like 127.0.0.1");

    private static Google.Rpc.Status Details(HttpResponseMessage response) =>
        Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(response.Headers.GetValues("grpc-status-details-bin").Single()));

    private static async Task AskAsync(AsyncDuplexStreamingCall<ServerReflectionRequest, ServerReflectionResponse> stream)
    {
        await stream.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }).DefaultTimeout();
        (await stream.ResponseStream.MoveNext(CancellationToken.None).DefaultTimeout()).ShouldBeTrue();
    }

    // the server hears of the end of a call a little later than its caller
    private static async Task FreeAsync(ReceiveBudget budget)
    {
        while (budget.Held > 0)
            await Task.Yield();
    }

    private static Task RawAsync(TestService service, string method, byte[] message)
    {
        var raw = new Method<byte[], ExtractEntitiesResponse>(MethodType.Unary, "realign.v1.SceneScorerService", method,
            Marshallers.Create<byte[]>(bytes => bytes, bytes => bytes),
            Marshallers.Create<ExtractEntitiesResponse>(response => response.ToByteArray(), ExtractEntitiesResponse.Parser.ParseFrom));
        return service.Channel.CreateCallInvoker().AsyncUnaryCall(raw, null, default, message).ResponseAsync;
    }

    private static Task ExtractAsync(TestService service, string prompt, Metadata? metadata = null) =>
        new SceneScorerService.SceneScorerServiceClient(service.Channel)
            .ExtractEntitiesAsync(new ExtractEntitiesRequest { Prompt = prompt }, metadata).ResponseAsync;

    private static IEnumerable<string> Listening(WebApplication app) =>
        app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;

    private static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(Build, settings);

    private static WebApplication Build(string[] args) => Build(args, null);

    private static WebApplication BuildSmall(string[] args) => Build(args, options => options.MaxMessageMegabytes = 1);

    private static WebApplication Build(string[] args, Action<HostingOptions>? defaults)
    {
        var builder = ServiceHost.CreateBuilder(args, 0, defaults);
        builder.Services.AddSingleton<Gate>();
        var app = builder.BuildService();
        app.MapGrpcService<Scorer>();
        return app;
    }

    private sealed class Scorer(Gate gate) : SceneScorerService.SceneScorerServiceBase
    {
        public override async Task<ExtractEntitiesResponse> ExtractEntities(ExtractEntitiesRequest request, ServerCallContext context)
        {
            if (request.Prompt.StartsWith("hold", StringComparison.Ordinal))
            {
                gate.Entered.SetResult();
                await gate.Release.Task;
            }

            return new ExtractEntitiesResponse();
        }
    }
}
