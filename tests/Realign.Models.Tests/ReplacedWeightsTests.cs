using System.Text.Json;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Grounding.Tagging;
using Realign.Llama.Gguf;
using Realign.Onnx;
using Realign.SceneScoring;
using Realign.Testing;
using Realign.Torch;
using Realign.VisionLanguage.Captioning;
using Shouldly;
using Xunit;

namespace Realign.Models.Tests;

/// <summary>
/// What becomes of the files of a loaded model does not reach it (docs/decisions/0031). A mapped file would end this process, or change the numbers.
/// </summary>
public sealed class ReplacedWeightsTests
{
    public static TheoryData<string, Action<string>> Damages => new()
    {
        { "cut off", path => Write(path, file => file.SetLength(100)) },
        { "written over", path => Write(path, file => file.Write(new byte[file.Length])) },
        { "deleted", File.Delete },
    };

    [Theory]
    [MemberData(nameof(Damages))]
    public void TorchModel_GoesOnUnchanged(string damage, Action<string> apply)
    {
        TorchRuntime.Initialize(1);
        using var copy = new ModelCopy("clip");
        using var scorer = ClipScorer.Load(copy.Path, TorchPlacement.Cpu, CancellationToken.None);
        var before = scorer.EmbedText(["a red car"], CancellationToken.None).Rows;
        Directory.EnumerateFiles(copy.Path, "*", SearchOption.AllDirectories).ToList().ForEach(apply);

        scorer.EmbedText(["a red car"], CancellationToken.None).Rows.ShouldBe(before, $"the files were {damage}");
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void Graph_GoesOnUnchanged(string damage, Action<string> apply)
    {
        using var copy = new ModelCopy("tagger");
        using var tagger = ImageTagger.Open(copy.Path, new OnnxModelOptions { Threads = 1 }, CancellationToken.None);
        var pixels = tagger.Preprocess(new RgbImage(1, 1, [200, 30, 30]));
        var before = tagger.Run(pixels, CancellationToken.None);
        Directory.EnumerateFiles(copy.Path).ToList().ForEach(apply);

        tagger.Run(pixels, CancellationToken.None).ShouldBe(before, $"the files were {damage}");
    }

    [Theory]
    [MemberData(nameof(Damages))]
    public void LanguageModel_GoesOnUnchanged(string damage, Action<string> apply)
    {
        using var copy = new ModelCopy("scene-scorer");
        using var scorer = SceneScorer.Load(Path.Combine(copy.Path, "model-q8_0.gguf"), new SceneScoringOptions { ContextSize = 1024 }, CancellationToken.None);
        var before = JsonSerializer.Serialize(scorer.Score("a red car", ["car", "cat"], CancellationToken.None));
        Directory.EnumerateFiles(copy.Path).ToList().ForEach(apply);

        JsonSerializer.Serialize(scorer.Score("a red car", ["car", "cat"], CancellationToken.None)).ShouldBe(before, $"the files were {damage}");
    }

    [Fact]
    public void LanguageModel_NumbersThatAreNotFinite_AreRefused()
    {
        using var copy = new ModelCopy("scene-scorer");
        var path = Path.Combine(copy.Path, "model-f16.gguf");
        var tensor = GgufFile.Open(path).Tensors.First(tensor => tensor.Type.Name == "F16");
        copy.Rewrite("model-f16.gguf", bytes =>
        {
            bytes.AsSpan((int)tensor.Offset, 2).Fill(0xFF);
            return bytes;
        });

        Should.Throw<ModelLoadException>(() => SceneScorer.Load(path, new SceneScoringOptions { ContextSize = 1024 }, CancellationToken.None));
        ModelInspector.Inspect(path).ShouldHaveSingleItem().Fits.ShouldBeFalse();
    }

    private static void Write(string path, Action<FileStream> change)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        change(file);
    }
}
