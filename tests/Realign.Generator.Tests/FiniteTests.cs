using System.Runtime.InteropServices;
using Grpc.Core;
using Realign.Safetensors;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>An overflow is a status with step and cause, never a black picture under OK.</summary>
public sealed class FiniteTests : IAsyncLifetime
{
    private const string Layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";

    private readonly string _folder = Directory.CreateTempSubdirectory("overflow").FullName;
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        static ReadOnlyMemory<byte> Huge(int count) => MemoryMarshal.AsBytes(Enumerable.Repeat(1e30f, count).ToArray().AsSpan()).ToArray();
        SafetensorsWriter.Write(Path.Combine(_folder, "huge.safetensors"), [
            (Layer + ".lora_A.weight", SafetensorsDType.F32, [4, 128], Huge(4 * 128)),
            (Layer + ".lora_B.weight", SafetensorsDType.F32, [192, 4], Huge(192 * 4)),
        ]);
        _service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Adapters={_folder}");
    }

    [Fact]
    public async Task AdapterThatOverflows_IsFailedPrecondition_NamingTheStep()
    {
        var client = new V1.GeneratorService.GeneratorServiceClient(_service.Channel);

        var failure = await TestService.FailsAsync(() => RunningGenerator.EventsAsync(client,
            Requests.Plain(request => request.Adapters.Add(new V1.Adapter { Name = "huge" }))));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("latents are not finite after step 1 of 6");
        (await RunningGenerator.EventsAsync(client, Requests.Plain()))[^1].Result.Images.Count.ShouldBe(1);
    }

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
