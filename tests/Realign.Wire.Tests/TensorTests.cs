using Google.Protobuf;
using Realign.Core.Errors;
using Realign.V1;
using Realign.Wire.Tensors;
using Shouldly;
using Xunit;

namespace Realign.Wire.Tests;

/// <summary>Tensors of messages, both ways.</summary>
public sealed class TensorTests
{
    private static readonly float[] Numbers = [1.5f, -0.25f, 3e-6f, 0, 7, -8];

    [Theory]
    [InlineData(DataType.Float32)]
    [InlineData(DataType.Float16)]
    public void Numbers_ComeBack(DataType type)
    {
        var tensor = TensorWriter.Of(type, Numbers, 2, 3);

        tensor.Shape.ShouldBe([2, 3]);
        tensor.DataType.ShouldBe(type);
        var read = TensorReader.Singles("gradient", tensor);
        for (var i = 0; i < Numbers.Length; i++)
            read[i].ShouldBe(Numbers[i], Math.Abs(Numbers[i]) * 1e-3);
    }

    [Fact]
    public void Scale_IsTakenOutOfEitherType()
    {
        var tensor = TensorWriter.Singles(Numbers, 6);
        tensor.ScaleLog2 = 2;

        TensorReader.Singles("gradient", tensor)[0].ShouldBe(0.375f);
    }

    [Theory]
    [InlineData(DataType.Uint8, 0, 6L, "data_type")]
    [InlineData(DataType.Float32, 127, 6L, "scale_log2")]
    [InlineData(DataType.Float32, 0, 5L, "data")]
    [InlineData(DataType.Float32, 0, 0L, "shape")]
    [InlineData(DataType.Float32, 0, long.MaxValue, "shape")]
    public void TensorThatIsNone_NamesTheField(DataType type, int scale, long size, string field)
    {
        var tensor = new Tensor { DataType = type, ScaleLog2 = scale, Shape = { size }, Data = ByteString.CopyFrom(new byte[24]) };

        Should.Throw<InvalidInputException>(() => TensorReader.Singles("pixels", tensor)).Field.ShouldBe($"pixels.{field}");
    }

    [Fact]
    public void ShapeWhoseProductOverflows_IsRefused()
    {
        var tensor = new Tensor { DataType = DataType.Float32, Shape = { 1 << 30, 1 << 30, 1 << 30, 16 }, Data = ByteString.Empty };

        Should.Throw<InvalidInputException>(() => TensorReader.Singles("pixels", tensor)).Field.ShouldBe("pixels.shape");
    }
}
