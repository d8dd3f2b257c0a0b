namespace Realign.Onnx;

/// <summary>Element types that can be fed to and read from a graph.</summary>
public enum OnnxElementType
{
    /// <summary>IEEE 754 binary32, <see cref="float"/>.</summary>
    Float32,

    /// <summary>IEEE 754 binary16, <see cref="Half"/>.</summary>
    Float16,

    /// <summary>IEEE 754 binary64, <see cref="double"/>.</summary>
    Float64,

    /// <summary><see cref="long"/>.</summary>
    Int64,

    /// <summary><see cref="int"/>.</summary>
    Int32,

    /// <summary><see cref="byte"/>.</summary>
    UInt8,

    /// <summary><see cref="bool"/>, one byte an element.</summary>
    Bool,

    /// <summary>A type that graphs may declare but that cannot be exchanged here.</summary>
    Unsupported,
}
