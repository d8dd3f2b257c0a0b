namespace Realign.Diffusion.Tests.Adapters;

/// <summary>Numbers in double precision with a shape, for formulas written down once more.</summary>
internal sealed class DoubleTensor(params long[] shape)
{
    public long[] Shape { get; } = shape;

    public double[] Values { get; private init; } = new double[shape.Aggregate(1L, (product, side) => product * side)];

    /// <summary>Rows and columns when all but the first dimension are one.</summary>
    public int Rows => (int)Shape[0];

    public int Columns => Values.Length / Rows;

    public double this[int row, int column]
    {
        get => Values[(row * Columns) + column];
        set => Values[(row * Columns) + column] = value;
    }

    /// <summary>Numbers as a file of float32 would hold them.</summary>
    public static DoubleTensor Random(Random random, params long[] shape)
    {
        var tensor = new DoubleTensor(shape);
        for (var i = 0; i < tensor.Values.Length; i++)
            tensor.Values[i] = (float)((random.NextDouble() - 0.5) * 0.5);
        return tensor;
    }

    public static DoubleTensor Of(float[] values, params long[] shape) => new(shape) { Values = Array.ConvertAll(values, value => (double)value) };

    public DoubleTensor As(params long[] shape) => new(shape) { Values = Values };

    /// <summary>this other, of matrices.</summary>
    public DoubleTensor Times(DoubleTensor other)
    {
        var product = new DoubleTensor(Rows, other.Columns);
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < other.Columns; column++)
            {
                double sum = 0;
                for (var k = 0; k < Columns; k++)
                    sum += this[row, k] * other[k, column];
                product[row, column] = sum;
            }
        }

        return product;
    }

    /// <summary>Number by number.</summary>
    public DoubleTensor With(DoubleTensor other, Func<double, double, double> rule) =>
        new(Shape) { Values = [.. Values.Zip(other.Values, rule)] };

    /// <summary>sum over i, j of this[i, j, k] left[i, p] right[j, q] at [p, q, k], k over all kernel places.</summary>
    public DoubleTensor Tucker(DoubleTensor left, DoubleTensor right)
    {
        var (places, inner) = (Values.Length / (int)(Shape[0] * Shape[1]), (int)Shape[1]);
        var result = new DoubleTensor(left.Columns, right.Columns, places);
        for (var p = 0; p < left.Columns; p++)
        {
            for (var q = 0; q < right.Columns; q++)
            {
                for (var k = 0; k < places; k++)
                {
                    double sum = 0;
                    for (var i = 0; i < Rows; i++)
                    {
                        for (var j = 0; j < inner; j++)
                            sum += Values[(((i * inner) + j) * places) + k] * left[i, p] * right[j, q];
                    }

                    result.Values[(((p * right.Columns) + q) * places) + k] = sum;
                }
            }
        }

        return result;
    }

    /// <summary>kron(this, other) for other [b, d, places].</summary>
    public DoubleTensor Kron(DoubleTensor other, int inputs)
    {
        var places = other.Columns / inputs;
        var result = new DoubleTensor((long)Rows * other.Rows, (long)Columns * inputs * places);
        for (var a = 0; a < Rows; a++)
        {
            for (var b = 0; b < other.Rows; b++)
            {
                for (var c = 0; c < Columns; c++)
                {
                    for (var d = 0; d < inputs; d++)
                    {
                        for (var k = 0; k < places; k++)
                            result[(a * other.Rows) + b, (((c * inputs) + d) * places) + k] = this[a, c] * other[b, (d * places) + k];
                    }
                }
            }
        }

        return result;
    }
}
