using System.Text;

namespace Realign.Onnx.Tests;

/// <summary>Writes a few protobuf fields of an ONNX file: enough for a graph that runs as long as its caller likes.</summary>
internal static class GraphBytes
{
    private const int Float = 1;
    private const int Int64 = 7;
    private const int Bool = 9;

    /// <summary>count -> y: adds 1 to a float count times, in a Loop.</summary>
    public static byte[] Loop()
    {
        var body = Graph("body",
            [Node("Identity", ["go"], ["go_out"]), Node("Add", ["x", "one"], ["x_out"])],
            [Value("i", Int64), Value("go", Bool), Value("x", Float)], [Value("go_out", Bool), Value("x_out", Float)], []);
        var loop = Join(Node("Loop", ["count", "yes", "zero"], ["y"]),
            Field(5, Join(Field(1, "body"), Field(6, body), Number(20, 5))));
        var graph = Graph("loop", [loop], [Value("count", Int64)], [Value("y", Float)],
            [Scalar("one", Float, BitConverter.GetBytes(1f)), Scalar("zero", Float, BitConverter.GetBytes(0f)), Scalar("yes", Bool, [1])]);
        return Join(Number(1, 8), Field(7, graph), Field(8, Join(Field(1, ""), Number(2, 17))));
    }

    private static byte[] Graph(string name, byte[][] nodes, byte[][] inputs, byte[][] outputs, byte[][] constants) => Join(
        [.. nodes.Select(node => Field(1, node)), Field(2, name), .. constants.Select(constant => Field(5, constant)),
         .. inputs.Select(input => Field(11, input)), .. outputs.Select(output => Field(12, output))]);

    private static byte[] Node(string type, string[] inputs, string[] outputs) => Join(
        [.. inputs.Select(input => Field(1, input)), .. outputs.Select(output => Field(2, output)), Field(4, type)]);

    private static byte[] Value(string name, int type) => Join(Field(1, name), Field(2, Field(1, Join(Number(1, type), Field(2, [])))));

    private static byte[] Scalar(string name, int type, byte[] data) => Join(Number(2, type), Field(8, name), Field(9, data));

    private static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] bytes) => Join(Varint((number << 3) | 2), Varint(bytes.Length), bytes);

    private static byte[] Number(int number, long value) => Join(Varint(number << 3), Varint(value));

    private static byte[] Varint(long value)
    {
        var bytes = new List<byte>();
        for (; value > 127; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    private static byte[] Join(params byte[][] parts) => [.. parts.SelectMany(part => part)];
}
