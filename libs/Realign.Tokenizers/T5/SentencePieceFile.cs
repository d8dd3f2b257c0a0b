using System.Buffers.Binary;
using System.Text;
using Realign.Core.Errors;
using Realign.Tokenizers.Files;

namespace Realign.Tokenizers.T5;

/// <summary>Reads <c>spiece.model</c>: the protobuf message ModelProto of SentencePiece (sentencepiece_model.proto), only the fields that a unigram model
/// needs.</summary>
internal sealed class SentencePieceFile
{
    private const int UnigramType = 1;
    private const int NormalPiece = 1;
    private const int UserDefinedPiece = 4;

    private readonly TokenizerFolder _folder;
    private readonly string _name;

    public SentencePieceFile(TokenizerFolder folder, string name)
    {
        (_folder, _name) = (folder, name);
        foreach (var field in Fields(folder.ReadBytes(name)))
        {
            switch (field.Number)
            {
                case 1:
                    ReadPiece(field.Bytes);
                    break;
                case 2:
                    CheckTrainer(field.Bytes);
                    break;
                case 3:
                    CharacterMap = Fields(field.Bytes).Where(item => item.Number == 2).Select(item => item.Bytes).FirstOrDefault();
                    break;
            }
        }

        if (Pieces.Count == 0)
            throw folder.Bad(name, "has no pieces");
    }

    /// <summary>Piece and score by id.</summary>
    public List<(string Text, float Score)> Pieces { get; } = [];

    /// <summary>Kind of each piece.</summary>
    public List<int> Kinds { get; } = [];

    /// <summary>The precompiled normalization, if there is one.</summary>
    public byte[]? CharacterMap { get; }

    /// <summary>Whether a piece takes part in the search.</summary>
    public bool IsMatchable(int id) => Kinds[id] is NormalPiece or UserDefinedPiece;

    private void ReadPiece(byte[] message)
    {
        var (text, score, kind) = ("", 0f, NormalPiece);
        foreach (var field in Fields(message))
        {
            if (field.Number == 1)
                text = Encoding.UTF8.GetString(field.Bytes);
            else if (field.Number == 2 && field.Bytes.Length == 4)
                score = BinaryPrimitives.ReadSingleLittleEndian(field.Bytes);
            else if (field.Number == 3)
                kind = (int)field.Value;
        }

        if (!float.IsFinite(score))
            throw _folder.Bad(_name, $"piece {Pieces.Count} has the score {score}");
        if (Pieces.Count == TokenTable.MaxIds)
            throw _folder.Bad(_name, $"has more than {TokenTable.MaxIds} pieces");
        Pieces.Add((text, score));
        Kinds.Add(kind);
    }

    private void CheckTrainer(byte[] message)
    {
        foreach (var field in Fields(message))
        {
            if (field.Number == 3 && field.Value != UnigramType)
                throw _folder.Bad(_name, $"model_type = {field.Value} is not unigram ({UnigramType})");
        }
    }

    // one at a time: a list of all would take many times the size of a file of empty fields
    private IEnumerable<(int Number, ulong Value, byte[] Bytes)> Fields(byte[] message)
    {
        for (var at = 0; at < message.Length;)
        {
            var tag = Varint(message, ref at);
            ulong size = (tag & 7) switch { 0 => 0UL, 1 => 8UL, 2 => Varint(message, ref at), 5 => 4UL, _ => throw Broken(at) };
            var value = (tag & 7) == 0 ? Varint(message, ref at) : 0;
            if (size > (ulong)(message.Length - at))
                throw Broken(at);
            yield return ((int)Math.Min(tag >> 3, int.MaxValue), value, message.AsSpan(at, (int)size).ToArray());
            at += (int)size;
        }
    }

    private ulong Varint(byte[] message, ref int at)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (at >= message.Length)
                throw Broken(at);
            var part = message[at++];
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return value;
        }

        throw Broken(at);
    }

    private ModelLoadException Broken(int at) => _folder.Bad(_name, $"is not a SentencePiece model: broken at byte {at} of a message");
}
