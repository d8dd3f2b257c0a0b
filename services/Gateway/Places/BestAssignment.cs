namespace Realign.Gateway.Places;

/// <summary>Gives each row a column of its own so that the sum of the values is largest (Kuhn and Munkres, in O(rows^2 columns)).</summary>
internal static class BestAssignment
{
    /// <summary>The column of each row.</summary>
    /// <param name="values">By row and column, any finite numbers; at most as many rows as columns.</param>
    public static int[] Of(double[,] values)
    {
        var (rows, columns) = (values.GetLength(0), values.GetLength(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, columns);
        // potentials of rows and columns; row and column 0 are no real ones
        var rowPrice = new double[rows + 1];
        var columnPrice = new double[columns + 1];
        var rowOf = new int[columns + 1];
        var before = new int[columns + 1];
        for (var row = 1; row <= rows; row++)
        {
            var least = new double[columns + 1];
            Array.Fill(least, double.PositiveInfinity);
            var isUsed = new bool[columns + 1];
            var column = 0;
            rowOf[0] = row;
            do
            {
                isUsed[column] = true;
                var (step, next) = (double.PositiveInfinity, 0);
                for (var j = 1; j <= columns; j++)
                {
                    if (isUsed[j])
                        continue;
                    var cost = -values[rowOf[column] - 1, j - 1] - rowPrice[rowOf[column]] - columnPrice[j];
                    if (cost < least[j])
                        (least[j], before[j]) = (cost, column);
                    if (least[j] < step)
                        (step, next) = (least[j], j);
                }

                for (var j = 0; j <= columns; j++)
                {
                    if (isUsed[j])
                    {
                        rowPrice[rowOf[j]] += step;
                        columnPrice[j] -= step;
                    }
                    else
                    {
                        least[j] -= step;
                    }
                }

                column = next;
            }
            while (rowOf[column] != 0);

            for (; column != 0; column = before[column])
                rowOf[column] = rowOf[before[column]];
        }

        var columnOf = new int[rows];
        for (var j = 1; j <= columns; j++)
        {
            if (rowOf[j] > 0)
                columnOf[rowOf[j] - 1] = j - 1;
        }

        return columnOf;
    }
}
