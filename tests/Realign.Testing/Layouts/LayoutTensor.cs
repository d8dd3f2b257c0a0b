using Realign.Safetensors;

namespace Realign.Testing.Layouts;

/// <summary>A tensor on its way from one layout to another.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions.</param>
/// <param name="Data">Its bytes; empty where only names and shapes matter.</param>
public sealed record LayoutTensor(string Name, SafetensorsDType DType, IReadOnlyList<long> Shape, byte[] Data)
{
    /// <summary>Rows of several tensors one under the other.</summary>
    public static LayoutTensor Stack(string name, IReadOnlyList<LayoutTensor> tensors) => new(
        name, tensors[0].DType, [tensors.Sum(tensor => tensor.Shape[0]), .. tensors[0].Shape.Skip(1)], [.. tensors.SelectMany(tensor => tensor.Data)]);

    /// <summary>Some columns of a matrix.</summary>
    public LayoutTensor Columns(long first, long end)
    {
        var (row, size) = ((int)Shape[1] * DType.SizeBytes(), DType.SizeBytes());
        var data = Enumerable.Range(0, (int)Shape[0]).SelectMany(i => Data[((i * row) + ((int)first * size))..((i * row) + ((int)end * size))]);
        return this with { Shape = [Shape[0], end - first], Data = [.. data] };
    }

    /// <summary>Zeros in the columns from here on.</summary>
    public LayoutTensor WithoutColumns(long first)
    {
        var (row, start) = ((int)Shape[1] * DType.SizeBytes(), (int)first * DType.SizeBytes());
        return this with { Data = [.. Data.Select((value, i) => i % row < start ? value : (byte)0)] };
    }

    /// <summary>Rows as columns.</summary>
    public LayoutTensor Transposed(string name)
    {
        var (rows, columns, size) = ((int)Shape[0], (int)Shape[1], DType.SizeBytes());
        var data = new byte[Data.Length];
        for (var i = 0; i < data.Length; i++)
        {
            var (element, offset) = (i / size, i % size);
            data[i] = Data[((((element % rows) * columns) + (element / rows)) * size) + offset];
        }

        return new LayoutTensor(name, DType, [columns, rows], data);
    }
}
