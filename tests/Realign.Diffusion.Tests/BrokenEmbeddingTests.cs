using Realign.Core.Errors;
using Realign.Diffusion.TextualInversion;
using Realign.Safetensors;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Embedding files that are none, or not whole.</summary>
public sealed class BrokenEmbeddingTests(Miniature miniature) : IClassFixture<Miniature>, IDisposable
{
    private const int Width = 128;

    private readonly EmbeddingFiles _files = new();

    [Theory]
    [InlineData("truncated", "cannot be read as a safetensors file")]
    [InlineData("empty", "cannot be read as a safetensors file")]
    [InlineData("duplicate key", "cannot be read as a safetensors file")]
    [InlineData("float8", "cannot be read as a safetensors file")]
    [InlineData("whole numbers", "key 'emb_params' is I64")]
    [InlineData("two layouts", "an embedding has one, or clip_l and clip_g")]
    [InlineData("three dimensions", "has shape [2, 8, 16], an embedding has [vectors, width]")]
    [InlineData("no vectors", "an embedding has [vectors, width]")]
    public void Load_IsRefusedByName(string what, string problem)
    {
        _files.Write("broken", ("emb_params", [2, Width]));
        var path = Path.Combine(_files.Folder, "broken.safetensors");
        var file = File.ReadAllBytes(path);
        void WithHeader(string header) =>
            File.WriteAllBytes(path, [.. BitConverter.GetBytes((ulong)header.Length), .. System.Text.Encoding.ASCII.GetBytes(header), 0, 0, 0, 0]);
        void Typed(SafetensorsDType type, long[] shape, int bytes) =>
            SafetensorsWriter.Write(path, [("emb_params", type, shape, new byte[bytes])]);
        switch (what)
        {
            case "truncated":
                File.WriteAllBytes(path, file[..^100]);
                break;
            case "empty":
                File.WriteAllBytes(path, []);
                break;
            case "duplicate key":
                WithHeader("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""");
                break;
            case "float8":
                WithHeader("""{"emb_params":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""");
                break;
            case "whole numbers":
                Typed(SafetensorsDType.I64, [2, Width], 16 * Width);
                break;
            case "two layouts":
                _files.Write("broken", ("emb_params", [2, Width]), ("clip_l", [2, Width]));
                break;
            case "three dimensions":
                _files.Write("broken", ("emb_params", [2, 8, 16]));
                break;
            default:
                Typed(SafetensorsDType.F32, [0, Width], 0);
                break;
        }

        var folder = new EmbeddingFolder(_files.Folder);
        Should.Throw<ModelLoadException>(() => folder.Load([new TextualInversionChoice("broken", "<word-x>")], [], miniature.Pipeline))
            .Message.ShouldContain(problem);
    }

    public void Dispose() => _files.Dispose();
}
