using Realign.Core.Errors;
using Realign.Onnx.Files;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Onnx.Tests;

/// <summary>Graphs whose weights are in a file beside them, stored as <c>huggingface_hub</c> stores them: both are links into <c>blobs/</c>.</summary>
public sealed class ExternalDataTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-external").FullName;

    [Fact]
    public void GraphAndDataAsLinks_AreLoaded()
    {
        var graph = Store();

        OnnxGraphFile.Open(graph).Problems.ShouldBeEmpty();
        using var model = OnnxModel.Open(graph, new OnnxModelOptions { Threads = 1 });
        model.Outputs.ShouldNotBeEmpty();
    }

    [Fact]
    public void DataIsALinkToNothing_IsRefusedByBothReaders()
    {
        var graph = Store();
        Directory.EnumerateFiles(Path.Combine(_folder, "blobs"), "*_data").ToList().ForEach(File.Delete);

        OnnxGraphFile.Open(graph).Problems.ShouldNotBeEmpty();
        _ = Should.Throw<ModelLoadException>(() => OnnxModel.Open(graph, new OnnxModelOptions { Threads = 1 }));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Store()
    {
        var source = Path.Combine(ConformancePack.Require(), "onnx", "ort", "external");
        var snapshot = Directory.CreateDirectory(Path.Combine(_folder, "snapshots", "1", "onnx")).FullName;
        var blobs = Directory.CreateDirectory(Path.Combine(_folder, "blobs")).FullName;
        foreach (var file in Directory.EnumerateFiles(source))
        {
            var name = Path.GetFileName(file);
            File.Copy(file, Path.Combine(blobs, $"0123_{name}"));
            _ = File.CreateSymbolicLink(Path.Combine(snapshot, name), $"../../../blobs/0123_{name}");
        }

        return Path.Combine(snapshot, "model.onnx");
    }
}
