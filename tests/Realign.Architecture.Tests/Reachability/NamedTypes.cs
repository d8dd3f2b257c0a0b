using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Realign.Architecture.Tests.Reachability;

/// <summary>The names of types and methods that stand behind handles and signatures of one assembly.</summary>
internal sealed class NamedTypes(MetadataReader reader) : ISignatureTypeProvider<ImmutableArray<string>, object?>
{
    /// <summary>Full name of a type, with its outer types.</summary>
    public static string Of(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer
            ? $"{Of(reader, outer)}+{reader.GetString(type.Name)}"
            : Full(reader.GetString(type.Namespace), reader.GetString(type.Name));
    }

    /// <summary>Adds what a handle names: types, and a method or field with its type.</summary>
    public void Add(EntityHandle handle, HashSet<string> target)
    {
        if (handle.IsNil)
            return;
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                _ = target.Add(Of(reader, (TypeDefinitionHandle)handle));
                break;
            case HandleKind.TypeReference:
                _ = target.Add(Of((TypeReferenceHandle)handle));
                break;
            case HandleKind.TypeSpecification:
                target.UnionWith(reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null));
                break;
            case HandleKind.MethodDefinition:
                var method = reader.GetMethodDefinition((MethodDefinitionHandle)handle);
                _ = target.Add(CallGraph.Node(Of(reader, method.GetDeclaringType()), reader.GetString(method.Name),
                    method.DecodeSignature(this, null).ParameterTypes.Length));
                break;
            case HandleKind.FieldDefinition:
                var field = reader.GetFieldDefinition((FieldDefinitionHandle)handle);
                _ = target.Add(Of(reader, field.GetDeclaringType()));
                target.UnionWith(field.DecodeSignature(this, null));
                break;
            case HandleKind.MethodSpecification:
                var specification = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                target.UnionWith(specification.DecodeSignature(this, null).SelectMany(argument => argument));
                Add(specification.Method, target);
                break;
            case HandleKind.MemberReference:
                Add(reader.GetMemberReference((MemberReferenceHandle)handle), target);
                break;
        }
    }

    public IEnumerable<string> Locals(StandaloneSignatureHandle handle) =>
        reader.GetStandaloneSignature(handle).DecodeLocalSignature(this, null).SelectMany(local => local);

    public ImmutableArray<string> GetPrimitiveType(PrimitiveTypeCode typeCode) => [];

    public ImmutableArray<string> GetTypeFromDefinition(MetadataReader source, TypeDefinitionHandle handle, byte rawTypeKind) => [Of(source, handle)];

    public ImmutableArray<string> GetTypeFromReference(MetadataReader source, TypeReferenceHandle handle, byte rawTypeKind) => [Of(handle)];

    public ImmutableArray<string> GetTypeFromSpecification(MetadataReader source, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
        source.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

    public ImmutableArray<string> GetGenericInstantiation(ImmutableArray<string> genericType, ImmutableArray<ImmutableArray<string>> typeArguments) =>
        [.. genericType, .. typeArguments.SelectMany(argument => argument)];

    public ImmutableArray<string> GetFunctionPointerType(MethodSignature<ImmutableArray<string>> signature) =>
        [.. signature.ReturnType, .. signature.ParameterTypes.SelectMany(parameter => parameter)];

    public ImmutableArray<string> GetModifiedType(ImmutableArray<string> modifier, ImmutableArray<string> unmodifiedType, bool isRequired) =>
        [.. modifier, .. unmodifiedType];

    public ImmutableArray<string> GetSZArrayType(ImmutableArray<string> elementType) => elementType;

    public ImmutableArray<string> GetArrayType(ImmutableArray<string> elementType, ArrayShape shape) => elementType;

    public ImmutableArray<string> GetByReferenceType(ImmutableArray<string> elementType) => elementType;

    public ImmutableArray<string> GetPointerType(ImmutableArray<string> elementType) => elementType;

    public ImmutableArray<string> GetPinnedType(ImmutableArray<string> elementType) => elementType;

    public ImmutableArray<string> GetGenericTypeParameter(object? genericContext, int index) => [];

    public ImmutableArray<string> GetGenericMethodParameter(object? genericContext, int index) => [];

    private void Add(MemberReference member, HashSet<string> target)
    {
        var parents = new HashSet<string>(StringComparer.Ordinal);
        Add(member.Parent, parents);
        target.UnionWith(parents);
        if (member.GetKind() == MemberReferenceKind.Field)
        {
            target.UnionWith(member.DecodeFieldSignature(this, null));
            return;
        }

        // of a generic type: which of the names is the type and which its arguments does not matter, the others have no such method
        var parameters = member.DecodeMethodSignature(this, null).ParameterTypes.Length;
        target.UnionWith(parents.ToList().Select(parent => CallGraph.Node(parent, reader.GetString(member.Name), parameters)));
    }

    private string Of(TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{Of((TypeReferenceHandle)type.ResolutionScope)}+{reader.GetString(type.Name)}"
            : Full(reader.GetString(type.Namespace), reader.GetString(type.Name));
    }

    private static string Full(string space, string name) => space.Length == 0 ? name : $"{space}.{name}";
}
