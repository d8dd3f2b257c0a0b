using System.Text.Json.Nodes;
using Grpc.Core;
using Grpc.Health.V1;
using Realign.Testing;
using Realign.Testing.Layouts;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Model folders that cannot be loaded: the service stays up and says what is wrong.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("generator").FullName;

    public static TheoryData<string, string, Action<string>> Damages => new()
    {
        { "missing weights", "diffusion_pytorch_model", folder => File.Delete(Path.Combine(folder, "unet", "diffusion_pytorch_model.safetensors")) },
        { "missing part", "config.json", folder => Directory.Delete(Path.Combine(folder, "vae"), recursive: true) },
        { "truncated weights", "diffusion_pytorch_model.safetensors", folder => Truncate(Path.Combine(folder, "vae", "diffusion_pytorch_model.safetensors")) },
        { "wrong shape", "conv_in.weight", folder => Edit(Path.Combine(folder, "unet", "config.json"), config => config["in_channels"] = 4) },
        { "unknown value", "prediction_type", folder => Edit(Path.Combine(folder, "scheduler", "scheduler_config.json"), config =>
            config["prediction_type"] = "flow") },
        {
            "defaults that are none", "num_inference_steps",
            folder => File.WriteAllText(Path.Combine(folder, "realign.json"), """{"num_inference_steps": 0}""")
        },
        { "unknown class", "_class_name", folder => Edit(Path.Combine(folder, "model_index.json"), config => config["_class_name"] = "FluxPipeline") },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task DamagedFolder_IsFailedPrecondition_AndNotServing(string what, string named, Action<string> damage)
    {
        Copy(Checkout.Miniature("generator"), _folder);
        damage(_folder);

        await using var service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Model={_folder}");
        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(service.Channel),
            Requests.Plain()));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition, what);
        failure.Status.Detail.ShouldContain(named);
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        (await service.HealthAsync("realign.v1.GeneratorService")).ShouldBe(HealthCheckResponse.Types.ServingStatus.NotServing);
        // a restart would not help
        (await service.HealthAsync("liveness")).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task CheckpointInOneFile_GivesThePictureOfItsFolder()
    {
        var snapshot = Path.Combine(ConformancePack.Require(), "diffusion", "sd15", "snapshot");
        using var file = new OriginalCheckpoint(snapshot);
        async Task<Google.Protobuf.ByteString> PictureAsync(string model)
        {
            await using var service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Model={model}");
            var events = await RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(service.Channel), Requests.Plain(request =>
                (request.Width, request.Height, request.NumInferenceSteps) = (64, 64, 2)));
            return events[^1].Result.Images[0].Png;
        }

        (await PictureAsync(file.Location)).ShouldBe(await PictureAsync(snapshot));
    }

    [Fact]
    public async Task NameOfTheHub_IsFoundInTheUsersCache_OrNamedWithWhatItLacks()
    {
        var snapshot = Path.Combine(_folder, "models--realign--mini", "snapshots", "c0ffee");
        Copy(Checkout.Miniature("generator"), snapshot);
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", _folder);
        await using (var service = await TestService.StartAsync(GeneratorApp.Build, "--Generator:Model=hub:realign/mini"))
            (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);

        Directory.Delete(Path.Combine(snapshot, "unet"), recursive: true);

        await using var lacking = await TestService.StartAsync(GeneratorApp.Build, "--Generator:Model=hub:realign/mini");
        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(lacking.Channel),
            Requests.Plain()));
        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("snapshot c0ffee: unet has no weights");
    }

    [Fact]
    public async Task FolderThatIsNotThere_IsFailedPrecondition()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build, "--Generator:Model=nowhere/at-all");

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(service.Channel),
            Requests.Plain()));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("REALIGN_MODELS");
    }

    [Fact]
    public async Task OwnSchedulerThatIsNotImplemented_RefusesOnlyCallsThatNameNone()
    {
        Copy(Checkout.Miniature("generator"), _folder);
        Edit(Path.Combine(_folder, "model_index.json"), index => index["scheduler"]![1] = "EDMEulerScheduler");
        Edit(Path.Combine(_folder, "scheduler", "scheduler_config.json"), config => config["_class_name"] = "EDMEulerScheduler");
        await using var service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Model={_folder}");
        var client = new GeneratorService.GeneratorServiceClient(service.Channel);

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client, Requests.Plain()));
        var events = await RunningGenerator.EventsAsync(client, Requests.Plain(request => request.Scheduler = Scheduler.EulerAncestral));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("EDMEulerScheduler");
        events[^1].Result.Scheduler.ShouldBe(Scheduler.EulerAncestral);
        (await service.HealthAsync()).ShouldBe(HealthCheckResponse.Types.ServingStatus.Serving);
    }

    [Fact]
    public async Task CallThatNamesNoSettings_GetsThoseOfTheModel_AndIsToldThem()
    {
        Copy(Checkout.Miniature("generator"), _folder);
        File.WriteAllText(Path.Combine(_folder, "realign.json"), """{"num_inference_steps": 3, "guidance_scale": 2.5}""");
        (await UnsetAsync($"--Generator:Model={_folder}")).ShouldBe((3, 2.5f));
        (await UnsetAsync($"--Generator:Model={_folder}", "--Generator:DefaultSteps=2")).ShouldBe((2, 2.5f));
        File.Delete(Path.Combine(_folder, "realign.json"));
        (await UnsetAsync($"--Generator:Model={_folder}")).ShouldBe((50, 7.5f));
        Edit(Path.Combine(_folder, "scheduler", "scheduler_config.json"), config => config["_class_name"] = "LCMScheduler");
        Edit(Path.Combine(_folder, "model_index.json"), index => index["scheduler"]![1] = "LCMScheduler");
        (await UnsetAsync($"--Generator:Model={_folder}")).ShouldBe((4, 1f));
        (await UnsetAsync()).ShouldBe((25, 4f));

        static async Task<(int, float)> UnsetAsync(params string[] settings)
        {
            await using var service = await TestService.StartAsync(GeneratorApp.Build, settings);
            var events = await RunningGenerator.EventsAsync(
                new GeneratorService.GeneratorServiceClient(service.Channel), new GenerateRequest { Prompt = "a red car", Seed = 1 });
            return (events[^1].Result.NumInferenceSteps, events[^1].Result.GuidanceScale);
        }
    }

    [Fact]
    public async Task HalfPrecision_LoadsAndDraws()
    {
        await using var service = await TestService.StartAsync(GeneratorApp.Build, "--Generator:DType=bfloat16");

        var events = await RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(service.Channel),
            Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple")));

        events[^1].Result.Images.Count.ShouldBe(1);
    }

    [Fact]
    public async Task DeviceThatIsNotThere_IsSaidAtOnce()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda_is_available(), "this machine has the device");
        await using var service = await TestService.StartAsync(GeneratorApp.Build, "--Generator:Device=cuda");

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(service.Channel),
            Requests.Plain()));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("cuda");
    }

    [Theory]
    [InlineData("--Generator:Device=gpu")]
    [InlineData("--Generator:Device=")]
    [InlineData("--Generator:DType=float128")]
    public void UnknownDeviceOrType_IsRefusedAtStart(string setting) =>
        Should.Throw<Microsoft.Extensions.Options.OptionsValidationException>(() => GeneratorApp.Build(["--urls=http://127.0.0.1:0", setting]))
            .Failures.ShouldHaveSingleItem();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            _ = Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, File.ReadAllBytes(file));
        }
    }

    private static void Truncate(string path)
    {
        using var file = File.OpenWrite(path);
        file.SetLength(file.Length / 2);
    }

    private static void Edit(string path, Action<JsonNode> change)
    {
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }
}
