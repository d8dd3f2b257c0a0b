using System.Text;

namespace Realign.Torch.Tests;

/// <summary>The symbol versions of a 64-bit little-endian shared object (System V gABI; Linux Standard Base, "Symbol Versioning").</summary>
internal sealed class ElfFile
{
    private const uint Rela = 4;
    private const uint DynamicSymbols = 11;
    private const uint VersionDefinitions = 0x6ffffffd;
    private const uint VersionNeeds = 0x6ffffffe;
    private const uint SymbolVersions = 0x6fffffff;

    private readonly byte[] _file;
    private readonly List<(uint Type, int Offset, int Size, int Link)> _sections = [];

    public ElfFile(string path)
    {
        _file = File.ReadAllBytes(path);
        var table = (int)BitConverter.ToInt64(_file, 40);
        var size = BitConverter.ToUInt16(_file, 58);
        for (var i = 0; i < BitConverter.ToUInt16(_file, 60); i++)
        {
            var at = table + (i * size);
            _sections.Add((U32(at + 4), (int)BitConverter.ToInt64(_file, at + 24), (int)BitConverter.ToInt64(_file, at + 32), (int)U32(at + 40)));
        }

        Needs = ReadNeeds();
        Definitions = ReadDefinitions();
    }

    /// <summary>A version of a library that this file asks for.</summary>
    public sealed record Need(string Library, string Version, bool Weak, ushort Index);

    public IReadOnlyList<Need> Needs { get; }

    /// <summary>The versions this file offers.</summary>
    public IReadOnlySet<string> Definitions { get; }

    /// <summary>Symbols that are bound to a needed version, each with the number of relocations that refer to it.</summary>
    public IReadOnlyDictionary<string, int> SymbolsOf(Need need)
    {
        var symbols = _sections.Single(section => section.Type == DynamicSymbols);
        var versions = _sections.Single(section => section.Type == SymbolVersions);
        var bound = Enumerable.Range(0, versions.Size / 2).Where(i => (U16(versions.Offset + (i * 2)) & 0x7FFF) == need.Index).ToList();
        var referred = _sections.Where(section => section.Type == Rela)
            .SelectMany(section => Enumerable.Range(0, section.Size / 24).Select(i => (int)U32(section.Offset + (i * 24) + 12)))
            .CountBy(symbol => symbol)
            .ToDictionary();
        return bound.ToDictionary(i => Text(_sections[symbols.Link].Offset + (int)U32(symbols.Offset + (i * 24))), i => referred.GetValueOrDefault(i));
    }

    private List<Need> ReadNeeds()
    {
        var needs = new List<Need>();
        foreach (var section in _sections.Where(section => section.Type == VersionNeeds))
        {
            var strings = _sections[section.Link].Offset;
            for (int at = section.Offset, next = -1; next != 0; at += next)
            {
                var auxiliary = at + (int)U32(at + 8);
                for (var left = U16(at + 2); left > 0; left--)
                {
                    needs.Add(new Need(Text(strings + (int)U32(at + 4)), Text(strings + (int)U32(auxiliary + 8)), (U16(auxiliary + 4) & 2) != 0,
                        U16(auxiliary + 6)));
                    auxiliary += (int)U32(auxiliary + 12);
                }

                next = (int)U32(at + 12);
            }
        }

        return needs;
    }

    private HashSet<string> ReadDefinitions()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var section in _sections.Where(section => section.Type == VersionDefinitions))
        {
            for (int at = section.Offset, next = -1; next != 0; at += next)
            {
                names.Add(Text(_sections[section.Link].Offset + (int)U32(at + (int)U32(at + 12))));
                next = (int)U32(at + 16);
            }
        }

        return names;
    }

    private uint U32(int at) => BitConverter.ToUInt32(_file, at);

    private ushort U16(int at) => BitConverter.ToUInt16(_file, at);

    private string Text(int at) => Encoding.ASCII.GetString(_file, at, Array.IndexOf(_file, (byte)0, at) - at);
}
