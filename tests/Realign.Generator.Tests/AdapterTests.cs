using System.Runtime.InteropServices;
using Grpc.Core;
using Realign.Safetensors;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>Adapters of a call over real gRPC: they change its picture and no other, and one that does not fit changes nothing.</summary>
public sealed class AdapterTests : IAsyncLifetime
{
    private const string Layer = "unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v";
    private const string TextLayer = "text_encoder.text_model.encoder.layers.0.self_attn.v_proj";
    private const int Width = 192;
    private const int TextWidth = 128;

    private readonly string _folder = Directory.CreateTempSubdirectory("adapters").FullName;
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        Write("style", (Layer, Width, TextWidth));
        Write("words", (TextLayer, TextWidth, TextWidth));
        Write("other-model", [.. Enumerable.Range(0, 300).Select(index => ($"unet.down_blocks.{index}.attentions.9.proj_in", Width, TextWidth))]);
        File.WriteAllText(Path.Combine(_folder, "broken.safetensors"), "no tensors");
        _service = await TestService.StartAsync(GeneratorApp.Build, $"--Generator:Adapters={_folder}");
    }

    [Fact]
    public async Task Adapter_ChangesItsOwnPicture_AndNoLaterOne()
    {
        var plain = await PictureAsync();
        var styled = await PictureAsync(("style", null));

        styled.ShouldNotBe(plain);
        (await PictureAsync(("style", 1))).ShouldBe(styled);
        (await PictureAsync(("style", 0.5f))).ShouldNotBe(styled);
        (await PictureAsync(("words", null))).ShouldNotBe(plain);
        (await PictureAsync(("style", 1), ("words", 1))).ShouldNotBe(styled);
        (await PictureAsync(("style", 0))).ShouldBe(plain);
        (await PictureAsync()).ShouldBe(plain);
    }

    [Theory]
    [InlineData("other-model", "the model has no such layer")]
    [InlineData("broken", "broken.safetensors")]
    public async Task AdapterThatDoesNotFit_IsFailedPrecondition_AndTheServiceDrawsOn(string name, string problem)
    {
        var plain = await PictureAsync();

        var failure = await TestService.FailsAsync(() => PictureAsync(("style", 1), (name, 1)));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain(problem);
        failure.Trailers.Sum(entry => entry.Key.Length + (entry.IsBinary ? entry.ValueBytes.Length : entry.Value.Length)).ShouldBeLessThan(8192);
        (await PictureAsync()).ShouldBe(plain);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("../adapters/style")]
    [InlineData("style.safetensors")]
    public async Task AdapterThatIsNotThere_IsNotFound_AndNamesThoseThatAre(string name)
    {
        var failure = await TestService.FailsAsync(() => PictureAsync((name, 1)));

        failure.StatusCode.ShouldBe(StatusCode.NotFound);
        failure.Status.Detail.ShouldContain("broken, other-model, style, words");
    }

    [Theory]
    [InlineData("", 1f, "adapters[0].name")]
    [InlineData("style", 2.5f, "adapters[0].strength")]
    [InlineData("style", float.NaN, "adapters[0].strength")]
    public async Task AdapterFieldThatCannotBeUsed_IsInvalidArgument(string name, float strength, string field)
    {
        var failure = await TestService.FailsAsync(() => PictureAsync((name, strength)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain(field);
    }

    [Fact]
    public async Task TooManyAdapters_AreInvalidArgument() =>
        (await TestService.FailsAsync(() => PictureAsync([.. Enumerable.Repeat(("style", (float?)1), 9)]))).StatusCode.ShouldBe(StatusCode.InvalidArgument);

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<byte[]> PictureAsync(params (string Name, float? Strength)[] adapters)
    {
        var request = Requests.Plain();
        foreach (var (name, strength) in adapters)
        {
            var adapter = new Adapter { Name = name };
            if (strength is { } factor)
                adapter.Strength = factor;
            request.Adapters.Add(adapter);
        }

        var events = await RunningGenerator.EventsAsync(new GeneratorService.GeneratorServiceClient(_service.Channel), request);
        return events[^1].Result.Images[0].Png.ToByteArray();
    }

    private void Write(string name, params (string Layer, int Out, int In)[] layers)
    {
        const int Rank = 4;
        var random = new Random(name.Length);
        (string, SafetensorsDType, IReadOnlyList<long>, ReadOnlyMemory<byte>) Tensor(string key, long rows, long columns)
        {
            var values = new float[rows * columns];
            for (var i = 0; i < values.Length; i++)
                values[i] = (float)(random.NextDouble() - 0.5);
            return (key, SafetensorsDType.F32, [rows, columns], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }

        SafetensorsWriter.Write(Path.Combine(_folder, $"{name}.safetensors"), layers.SelectMany(layer => new[]
        {
            Tensor(layer.Layer + ".lora_A.weight", Rank, layer.In),
            Tensor(layer.Layer + ".lora_B.weight", layer.Out, Rank),
        }));
    }
}
