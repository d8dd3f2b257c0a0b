using System.Diagnostics;
using System.Globalization;
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
    private readonly string _secret = Path.GetTempFileName();
    private TestService _service = null!;

    public async ValueTask InitializeAsync()
    {
        Write("style", (Layer, Width, TextWidth));
        File.Copy(Path.Combine(_folder, "style.safetensors"), Path.Combine(_folder, "style-copy.safetensors"));
        Write("accent", (Layer, Width, TextWidth));
        Write("words", (TextLayer, TextWidth, TextWidth));
        Write("other-model", [.. Enumerable.Range(0, 300).Select(index => ($"unet.down_blocks.{index}.attentions.9.proj_in", Width, TextWidth))]);
        File.WriteAllText(Path.Combine(_folder, "broken.safetensors"), "no tensors");
        File.Move(Path.Combine(_folder, "accent.safetensors"), Path.Combine(_folder, "cafe\u0301.safetensors"));
        File.WriteAllText(_secret, "root:x:0:0:secret");
        File.CreateSymbolicLink(Path.Combine(_folder, "elsewhere.safetensors"), _secret);
        File.CreateSymbolicLink(Path.Combine(_folder, "device.safetensors"), "/dev/zero");
        File.CreateSymbolicLink(Path.Combine(_folder, "link.safetensors"), "style.safetensors");
        using (var mkfifo = Process.Start("mkfifo", Path.Combine(_folder, "pipe.safetensors")))
            await mkfifo.WaitForExitAsync();
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

    [Fact]
    public async Task TwoFilesOfEqualContent_AddUp_AndTheServiceGoesOn()
    {
        var plain = await PictureAsync();
        var styled = await PictureAsync(("style", 1));
        var twice = await PictureAsync(("style", 1), ("style-copy", 1));

        twice.ShouldNotBe(styled);
        twice.ShouldNotBe(plain);
        (await PictureAsync(("style-copy", 1), ("style", 1))).ShouldBe(twice);
        (await PictureAsync(("style", 1))).ShouldBe(styled);
        (await PictureAsync()).ShouldBe(plain);
    }

    [Fact]
    public async Task SameAdapterTwice_IsInvalidArgument_AndTheServiceGoesOn()
    {
        var plain = await PictureAsync();

        var failure = await TestService.FailsAsync(() => PictureAsync(("style", 1), ("words", 1), ("style", 0.5f)));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain("adapters[2].name = style");
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
    [InlineData("pipe", "cannot be read as a safetensors file")]
    [InlineData("broken", "cannot be read as a safetensors file")]
    [InlineData("elsewhere", "a link that leads out of the adapter folder")]
    [InlineData("device", "a link that leads out of the adapter folder")]
    public async Task AdapterThatIsNoFileOfTheFolder_IsRefusedUnopened_AndNothingOfItIsTold(string name, string problem)
    {
        var failure = await TestService.FailsAsync(() => PictureAsync((name, 1)));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain($"{name}.safetensors");
        failure.Status.Detail.ShouldContain(problem);
        failure.Status.Detail.ShouldNotContain(_folder);
        failure.Status.Detail.ShouldNotContain("secret");
        failure.Status.Detail.ShouldNotContain(BitConverter.ToInt64("no tensors"u8).ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task AdapterNamedInAnotherUnicodeForm_OrThroughALinkInsideTheFolder_IsFound()
    {
        (await PictureAsync(("caf\u00e9", 1))).ShouldBe(await PictureAsync(("cafe\u0301", 1)));
        (await PictureAsync(("link", 1))).ShouldBe(await PictureAsync(("style", 1)));
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("../adapters/style")]
    [InlineData("style.safetensors")]
    public async Task AdapterThatIsNotThere_IsNotFound_AndNamesThoseThatAre(string name)
    {
        var failure = await TestService.FailsAsync(() => PictureAsync((name, 1)));

        failure.StatusCode.ShouldBe(StatusCode.NotFound);
        failure.Status.Detail.ShouldStartWith($"adapters[0].name = {name}: ");
        failure.GetRpcStatus()!.GetDetail<Google.Rpc.ErrorInfo>()!.Metadata.ShouldContainKeyAndValue("field", "adapters[0].name");
        failure.Status.Detail.ShouldContain("style, style-copy, words");
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
    public async Task AdapterOfASubFolder_IsNamedByItsPath()
    {
        _ = Directory.CreateDirectory(Path.Combine(_folder, "styles"));
        File.Copy(Path.Combine(_folder, "style.safetensors"), Path.Combine(_folder, "styles", "ink.safetensors"));

        (await PictureAsync(("styles/ink", 1))).ShouldBe(await PictureAsync(("style", 1)));
    }

    [Fact]
    public async Task StrengthsOfPartsAndBlocks_StandInForTheOne()
    {
        Write("both", (Layer, Width, TextWidth), (TextLayer, TextWidth, TextWidth));
        var plain = await PictureAsync();
        var both = await PictureAsync(("both", 0.5f));

        (await DrawAsync(new Adapter { Name = "both", UnetStrength = 0.5f, ClipStrength = 0.5f })).ShouldBe(both);
        (await DrawAsync(new Adapter { Name = "both", Strength = 0.5f, Blocks = { new BlockStrength { Block = "MID", Strength = 0.5f } } })).ShouldBe(both);
        (await DrawAsync(new Adapter { Name = "both", Strength = 0.5f, ClipStrength = 0 })).ShouldNotBe(both);
        (await DrawAsync(new Adapter { Name = "both", Strength = 0.5f, UnetStrength = 0, ClipStrength = 0 })).ShouldBe(plain);
        var none = new BlockStrength { Block = "mid_block", Strength = 0 };
        (await DrawAsync(new Adapter { Name = "both", ClipStrength = 0, Blocks = { none } })).ShouldBe(plain);
    }

    [Theory]
    [InlineData("unet", float.NaN, "adapters[0].unet_strength")]
    [InlineData("clip", 3f, "adapters[0].clip_strength")]
    [InlineData("down_blocks.9", 1f, "adapters[0].blocks[0].block")]
    [InlineData("", 1f, "adapters[0].blocks[0].block")]
    [InlineData("mid_block", -2.5f, "adapters[0].blocks[0].strength")]
    [InlineData("mid_block", float.PositiveInfinity, "adapters[0].blocks[0].strength")]
    public async Task StrengthThatCannotBeUsed_IsInvalidArgument(string part, float strength, string field)
    {
        var adapter = new Adapter { Name = "style" };
        if (part == "unet")
            adapter.UnetStrength = strength;
        else if (part == "clip")
            adapter.ClipStrength = strength;
        else
            adapter.Blocks.Add(new BlockStrength { Block = part, Strength = strength });

        var failure = await TestService.FailsAsync(() => DrawAsync(adapter));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldContain(field);
        if (part == "down_blocks.9")
            failure.Status.Detail.ShouldContain("mid_block");
    }

    [Fact]
    public async Task ListAdapters_NamesEachFile_AndWhyOneCannotBeUsed()
    {
        var client = new GeneratorService.GeneratorServiceClient(_service.Channel);
        var list = await client.ListAdaptersAsync(new ListAdaptersRequest()).ResponseAsync.DefaultTimeout();

        var files = list.Adapters.ToDictionary(file => file.Name);
        files.Keys.ShouldBe(["broken", "caf\u00e9", "device", "elsewhere", "link", "other-model", "pipe", "style", "style-copy", "words"], ignoreOrder: true);
        files["style"].Problem.ShouldBeEmpty();
        files["style"].Kinds.ShouldBe([AdapterKind.Lora]);
        files["style"].Ranks.ShouldBe([4]);
        files["style"].Components.ShouldBe(["unet"]);
        files["words"].Components.ShouldBe(["text_encoder"]);
        files["style"].SizeBytes.ShouldBe(new FileInfo(Path.Combine(_folder, "style.safetensors")).Length);
        files["other-model"].Problem.ShouldContain("the model has no such layer");
        files["other-model"].Problem.ShouldContain("and 597 more");
        foreach (var name in new[] { "broken", "device", "elsewhere", "pipe" })
        {
            files[name].Problem.ShouldNotBeEmpty();
            files[name].Problem.ShouldNotContain(_folder);
        }
    }

    [Fact]
    public async Task TooManyAdapters_AreInvalidArgument() =>
        (await TestService.FailsAsync(() => PictureAsync([.. Enumerable.Repeat(("style", (float?)1), 9)]))).StatusCode.ShouldBe(StatusCode.InvalidArgument);

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        File.Delete(_secret);
    }

    private Task<byte[]> PictureAsync(params (string Name, float? Strength)[] adapters) => DrawAsync([.. adapters.Select(item =>
    {
        var adapter = new Adapter { Name = item.Name };
        if (item.Strength is { } factor)
            adapter.Strength = factor;
        return adapter;
    })]);

    private async Task<byte[]> DrawAsync(params Adapter[] adapters)
    {
        var request = Requests.Plain();
        request.Adapters.AddRange(adapters);
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
