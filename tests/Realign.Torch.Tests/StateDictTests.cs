using Realign.Core.Errors;
using Realign.Safetensors;
using Realign.Torch.Weights;
using Shouldly;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;
using Linear = Realign.Torch.Layers.Linear;

namespace Realign.Torch.Tests;

/// <summary>Loading weights into module trees: what does not fit is listed, what fits lands where it belongs.</summary>
public sealed class StateDictTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-torch").FullName;

    [Fact]
    public void Load_FileThatFits_GivesTheFilesNumbers()
    {
        using var scope = NewDisposeScope();
        using var model = new Block();
        using var weights = Write(("first.weight", [2, 3], [1, 2, 3, 4, 5, 6]), ("first.bias", [2], [10, 20]), ("layers.0.weight", [2], [1, 1]),
            ("layers.0.bias", [2], [0, 0]));

        StateDict.Load(model, weights, TorchPlacement.Cpu);

        model.first.forward(TensorConvert.FromArray([1f, 0f, 1f], 1, 3)).ToSingles().ShouldBe([14f, 30f]);
        model.first.weight.requires_grad.ShouldBeFalse();
    }

    [Fact]
    public void Load_FileThatDoesNotFit_ListsMissingUnexpectedAndMisshapedKeys()
    {
        using var scope = NewDisposeScope();
        using var model = new Block();
        using var weights = Write(("first.weight", [3, 2], new float[6]), ("first.bias", [2], new float[2]), ("layers.0.weight", [2], new float[2]),
            ("head.weight", [1], new float[1]), ("layer.0.bias", [2], new float[2]));

        Should.Throw<ModelLoadException>(() => StateDict.Load(model, weights, TorchPlacement.Cpu)).Problems.ShouldBe(
        [
            "key 'first.weight' has shape [3, 2], the config asks for [2, 3]",
            "missing key 'layers.0.bias'",
            "unexpected key 'head.weight'",
            "unexpected key 'layer.0.bias': is it 'layers.0.bias', which is missing?",
        ]);
        model.first.bias!.device_type.ShouldBe(TorchSharp.DeviceType.META);
    }

    [Fact]
    public void Load_RulesOfAFamily_RenameIgnoreTieAndReshape()
    {
        using var scope = NewDisposeScope();
        using var model = new Block();
        using var weights = Write(("model.first.weight", [2, 3, 1, 1], [1, 2, 3, 4, 5, 6]), ("model.first.bias", [2], [7, 8]), ("model.layers.0.weight", [2],
            [3, 4]), ("position_ids", [1], [0]), ("vision.x", [1], [0]));
        var rules = new KeyRules
        {
            Rename = key => key == "position_ids" ? null : key.Replace("model.", "", StringComparison.Ordinal),
            Ignore = key => key.StartsWith("vision.", StringComparison.Ordinal),
            Tied = new Dictionary<string, string> { ["layers.0.bias"] = "layers.0.weight" },
            AcceptsShape = (_, found, wanted) => found.Take(wanted.Length).SequenceEqual(wanted),
            Reshape = (_, wanted, tensor) => tensor.reshape(wanted),
        };

        StateDict.Load(model, weights, TorchPlacement.Cpu, rules);

        model.first.weight.ToSingles().ShouldBe([1f, 2, 3, 4, 5, 6]);
        model.layers[0].bias.ToSingles().ShouldBe([3f, 4]);
    }

    [Fact]
    public void Load_NumbersThatAreNotFinite_AreRefusedWithEveryKey()
    {
        using var scope = NewDisposeScope();
        using var model = new Block();
        using var weights = Write(
            ("first.weight", [2, 3], [1, 2, 3, 4, float.NaN, 6]), ("first.bias", [2], [0, 0]), ("layers.0.weight", [2], [1, 1]),
                ("layers.0.bias", [2], [float.PositiveInfinity, 0]));

        Should.Throw<ModelLoadException>(() => StateDict.Load(model, weights, TorchPlacement.Cpu)).Problems
            .ShouldBe(["key 'first.weight' holds NaN or infinity (number 4)", "key 'layers.0.bias' holds NaN or infinity (number 0)"], ignoreOrder: true);
        StateDict.CheckNumbers(model, weights).Count.ShouldBe(2);
    }

    [Fact]
    public void Load_NumbersBeyondFloat16_AreRefusedThereOnly()
    {
        using var scope = NewDisposeScope();
        using var model = new Norm();
        using var weights = Write(("norm.weight", [2], [1, 70000]), ("norm.bias", [2], [0, 0]));

        Should.Throw<ModelLoadException>(() => StateDict.Load(model, weights, TorchPlacement.Cpu with { DType = ScalarType.Float16 })).Problems
            .ShouldHaveSingleItem().ShouldContain("beyond float16");
        Should.NotThrow(() => StateDict.Load(model, weights, TorchPlacement.Cpu with { DType = ScalarType.BFloat16 }));
    }

    [Fact]
    public void Load_FileChangedAfterItWasOpened_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var model = new Norm();
        using var weights = Write(("norm.weight", [2], [1, 1]), ("norm.bias", [2], [0, 0]));

        File.SetLastWriteTimeUtc(weights.Files[0].Path, DateTime.UnixEpoch);

        Should.Throw<ModelLoadException>(() => StateDict.Load(model, weights, TorchPlacement.Cpu)).Problems.ShouldHaveSingleItem()
            .ShouldContain("changed or replaced while it was read");
    }

    [Fact]
    public void Load_TwoKeysForOneParameter_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var model = new Norm();
        using var weights = Write(("a.norm.weight", [2], [1, 1]), ("b.norm.weight", [2], [1, 1]), ("norm.bias", [2], [0, 0]));

        Should.Throw<ModelLoadException>(() => StateDict.Load(model, weights, TorchPlacement.Cpu, new KeyRules
        {
            Rename = key =>
            key.Replace("a.", "", StringComparison.Ordinal).Replace("b.", "", StringComparison.Ordinal)
        }))
            .Message.ShouldContain("are the same parameter 'norm.weight'");
    }

    [Fact]
    public void Shapes_ModelWithoutWeights_NeedsNoStorage()
    {
        using var scope = NewDisposeScope();
        using var model = new Linear(1 << 20, 1 << 20);

        StateDict.Shapes(model)["weight"].ShouldBe([1 << 20, 1 << 20]);
    }

    [Fact]
    public void Load_HalfPrecisionFile_IsWidenedOrKept()
    {
        using var scope = NewDisposeScope();
        var path = Path.Combine(_folder, "half.safetensors");
        byte[] halves = [.. new[] { 1.5f, -0.25f }.SelectMany(value => BitConverter.GetBytes((Half)value))];
        SafetensorsWriter.Write(path, [("norm.weight", SafetensorsDType.F16, [2L], halves), ("norm.bias", SafetensorsDType.F16, [2L], halves)]);
        using var weights = SafetensorsSet.OpenFile(path);
        foreach (var (type, dtype) in new[] { ("float32", ScalarType.Float32), ("float16", ScalarType.Float16), ("bfloat16", ScalarType.BFloat16) })
        {
            using var model = new Norm();

            StateDict.Load(model, weights, TorchPlacement.Parse("cpu", type));

            model.norm.weight.dtype.ShouldBe(dtype);
            model.norm.weight.ToSingles().ShouldBe([1.5f, -0.25f]);
        }
    }

    [Fact]
    public void Load_ThenWriteToAParameter_LeavesTheFileAlone()
    {
        using var scope = NewDisposeScope();
        using var model = new Norm();
        using var weights = Write(("norm.weight", [2], [1, 2]), ("norm.bias", [2], [3, 4]));
        var before = File.ReadAllBytes(weights.Path);
        StateDict.Load(model, weights, TorchPlacement.Cpu);

        using (no_grad())
            model.norm.weight.fill_(Scalars.Of(9));

        File.ReadAllBytes(weights.Path).ShouldBe(before);
        weights.FileOf("norm.weight").ReadSingles("norm.weight").ShouldBe([1f, 2]);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private SafetensorsSet Write(params (string Name, long[] Shape, float[] Values)[] tensors)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors");
        SafetensorsWriter.Write(path, tensors.Select(tensor =>
            (tensor.Name, SafetensorsDType.F32, (IReadOnlyList<long>)tensor.Shape, (ReadOnlyMemory<byte>)tensor.Values.SelectMany(BitConverter.GetBytes)
                .ToArray())));
        return SafetensorsSet.OpenFile(path);
    }

    private sealed class Block : nn.Module
    {
        public readonly Linear first = new(3, 2);
        public readonly ModuleList<Layers.LayerNorm> layers = new(new Layers.LayerNorm(2, 1e-5));

        public Block()
            : base(nameof(Block)) => RegisterComponents();
    }

    private sealed class Norm : nn.Module
    {
        public readonly Layers.LayerNorm norm = new(2, 1e-5);

        public Norm()
            : base(nameof(Norm)) => RegisterComponents();
    }
}
