using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Realign.Architecture.Tests.Reachability;

/// <summary>
/// Who names whom in compiled assemblies. Types and methods are nodes; a method leads to all that its code, signature and attributes name,
/// a type to its base types, fields and every method that can be called without being named (overrides, implementations, initializers).
/// Overloads with the same number of parameters are one node, so that what is called unreachable is.
/// </summary>
internal sealed class CallGraph
{
    private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (ushort)code.Value, code => code.OperandType);

    private readonly Dictionary<string, HashSet<string>> _edges = new(StringComparer.Ordinal);
    private readonly HashSet<string> _roots = new(StringComparer.Ordinal);

    /// <summary>Types that others can name: public, at the top level, and with more than constants, which leave no trace where they are used.</summary>
    public List<(string Assembly, string Type)> PublicTypes { get; } = [];

    /// <summary>Adds an assembly.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isRoot">Whether all of it is reachable.</param>
    public void Add(string path, bool isRoot)
    {
        using var stream = File.OpenRead(path);
        using var file = new PEReader(stream);
        var reader = file.GetMetadataReader();
        var assembly = Path.GetFileNameWithoutExtension(path);
        foreach (var handle in reader.TypeDefinitions)
            AddType(file, reader, handle, assembly, isRoot);
    }

    /// <summary>Everything that the roots lead to.</summary>
    public IReadOnlySet<string> Reachable()
    {
        var reached = new HashSet<string>(_roots, StringComparer.Ordinal);
        var open = new Stack<string>(_roots);
        while (open.TryPop(out var node))
        {
            foreach (var next in _edges.GetValueOrDefault(node) ?? [])
            {
                if (reached.Add(next))
                    open.Push(next);
            }
        }

        return reached;
    }

    private void AddType(PEReader file, MetadataReader reader, TypeDefinitionHandle handle, string assembly, bool isRoot)
    {
        var type = reader.GetTypeDefinition(handle);
        var names = new NamedTypes(reader);
        var name = NamedTypes.Of(reader, handle);
        var edges = Edges(name);
        if (isRoot || name == "<Module>")
            _ = _roots.Add(name);
        names.Add(type.BaseType, edges);
        foreach (var implementation in type.GetInterfaceImplementations())
            names.Add(reader.GetInterfaceImplementation(implementation).Interface, edges);
        foreach (var field in type.GetFields())
        {
            edges.UnionWith(reader.GetFieldDefinition(field).DecodeSignature(names, null));
            Attributes(reader.GetFieldDefinition(field).GetCustomAttributes(), edges);
        }

        foreach (var property in type.GetProperties())
            Attributes(reader.GetPropertyDefinition(property).GetCustomAttributes(), edges);
        Attributes(type.GetCustomAttributes(), edges);
        if (!type.GetDeclaringType().IsNil)
            _ = edges.Add(NamedTypes.Of(reader, type.GetDeclaringType()));
        var isPublic = type.Attributes.HasFlag(TypeAttributes.Public) && type.GetDeclaringType().IsNil;
        if (isPublic && !type.GetFields().Any(field => IsConstant(reader, field, edges)))
            PublicTypes.Add((assembly, name));
        foreach (var methodHandle in type.GetMethods())
        {
            var method = reader.GetMethodDefinition(methodHandle);
            var signature = method.DecodeSignature(names, null);
            var node = Node(name, reader.GetString(method.Name), signature.ParameterTypes.Length);
            var named = Edges(node);
            _ = named.Add(name);
            named.UnionWith(signature.ReturnType);
            named.UnionWith(signature.ParameterTypes.SelectMany(parameter => parameter));
            Attributes(method.GetCustomAttributes(), named);
            if (method.RelativeVirtualAddress != 0)
                Body(file.GetMethodBody(method.RelativeVirtualAddress), names, named);
            var isStaticConstructor = reader.GetString(method.Name) == ".cctor";
            if (method.Attributes.HasFlag(MethodAttributes.Virtual) || isStaticConstructor)
                _ = edges.Add(node);
            if (isRoot)
                _ = _roots.Add(node);
        }

        void Attributes(CustomAttributeHandleCollection attributes, HashSet<string> target)
        {
            foreach (var attribute in attributes)
                names.Add(reader.GetCustomAttribute(attribute).Constructor, target);
        }
    }

    // an enumeration is in the signatures of those who use it
    private static bool IsConstant(MetadataReader reader, FieldDefinitionHandle handle, HashSet<string> edges) =>
        (reader.GetFieldDefinition(handle).Attributes & (FieldAttributes.Literal | FieldAttributes.Public)) == (
            FieldAttributes.Literal | FieldAttributes.Public)
        && !edges.Contains("System.Enum");

    private static void Body(MethodBodyBlock body, NamedTypes names, HashSet<string> target)
    {
        if (!body.LocalSignature.IsNil)
            target.UnionWith(names.Locals(body.LocalSignature));
        foreach (var region in body.ExceptionRegions.Where(region => !region.CatchType.IsNil))
            names.Add(region.CatchType, target);
        var code = body.GetILReader();
        while (code.RemainingBytes > 0)
        {
            ushort value = code.ReadByte();
            if (value == 0xFE)
                value = (ushort)((value << 8) | code.ReadByte());
            switch (Operands[value])
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    code.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineSwitch:
                    var targets = code.ReadInt32();
                    code.Offset += 4 * targets;
                    break;
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    names.Add(MetadataTokens.EntityHandle(code.ReadInt32()), target);
                    break;
                default:
                    code.Offset += 4;
                    break;
            }
        }
    }

    internal static string Node(string type, string method, int parameters) => $"{type}::{method}/{parameters}";

    private HashSet<string> Edges(string node) => _edges.TryGetValue(node, out var edges) ? edges : _edges[node] = new HashSet<string>(StringComparer.Ordinal);
}
