using System.Text;
using Realign.Core.Errors;

namespace Realign.Onnx.Internal;

/// <summary>
/// Reads the wire format of protocol buffers from a file and seeks over what is not wanted, so that weights are never read. Every length is
/// checked against the message around it.
/// </summary>
internal sealed class ProtobufReader(string path, Stream stream)
{
    private const int MaxTextBytes = 1 << 20;
    private readonly long _length = stream.Length;

    /// <summary>How a field is stored.</summary>
    public enum Wire
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    public long Position => stream.Position;

    public long Length => _length;

    /// <summary>The next field of a message that ends at a position; false at its end.</summary>
    public bool Next(long end, out int field, out Wire wire)
    {
        (field, wire) = (0, default);
        if (stream.Position >= end)
            return false;
        var tag = Varint();
        (field, wire) = ((int)(tag >> 3), (Wire)(tag & 7));
        return field > 0 && wire is Wire.Varint or Wire.Fixed64 or Wire.Bytes or Wire.Fixed32 ? true : throw Broken($"field {tag >> 3} of kind {tag & 7}");
    }

    public ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = stream.ReadByte();
            if (next < 0)
                throw CutOff();
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }

        throw Broken("a number of more than ten bytes");
    }

    /// <summary>End of the message or bytes that begin here.</summary>
    public long End(long outer)
    {
        var length = Varint();
        return length <= (ulong)(_length - stream.Position) && stream.Position + (long)length <= outer ? stream.Position + (long)length : throw CutOff();
    }

    public string Text(long outer)
    {
        var end = End(outer);
        if (end - stream.Position > MaxTextBytes)
            throw Broken($"a name of {end - stream.Position} bytes");
        var bytes = new byte[end - stream.Position];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Whole numbers, packed or one by one.</summary>
    public void Numbers(Wire wire, long outer, List<long> numbers)
    {
        if (wire == Wire.Varint)
        {
            numbers.Add((long)Varint());
            return;
        }

        for (var end = End(outer); stream.Position < end;)
            numbers.Add((long)Varint());
    }

    public void Skip(Wire wire, long outer)
    {
        switch (wire)
        {
            case Wire.Varint:
                _ = Varint();
                break;
            case Wire.Bytes:
                SkipTo(End(outer));
                break;
            default:
                SkipTo(stream.Position + (wire == Wire.Fixed64 ? 8 : 4));
                break;
        }
    }

    public void SkipTo(long position)
    {
        if (position > _length)
            throw CutOff();
        stream.Position = position;
    }

    public ModelLoadException Broken(string what) =>
        new(path, $"not an ONNX graph ({what} at byte {stream.Position})", "download the file again and compare its size");

    private ModelLoadException CutOff() => new(path, $"the file is cut off: its {_length} bytes end inside a message",
        "download the file again and compare its size");
}
