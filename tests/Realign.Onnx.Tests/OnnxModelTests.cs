using Realign.Core.Errors;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Onnx.Tests;

public sealed class OnnxModelTests
{
    private static readonly string Tagger = Checkout.Miniature("tagger", "model.onnx");

    private static OnnxModel Open(string path) => OnnxModel.Open(path, new OnnxModelOptions { Threads = 1 });

    [Fact]
    public void Run_AnyModel_WritesNothingToTheCacheFolder()
    {
        using var model = Open(Tagger);

        _ = model.Run(Inputs(), null, TestContext.Current.CancellationToken);

        Directory.EnumerateFileSystemEntries(CacheFolder.Path).ShouldBeEmpty();
    }

    [Fact]
    public void Run_CancelledBefore_Throws()
    {
        using var model = Open(Tagger);

        Should.Throw<OperationCanceledException>(() => model.Run(Inputs(), null, new CancellationToken(canceled: true)));
    }

    [Fact]
    public void Run_ShortLoop_CountsToItsEnd()
    {
        using var file = new TemporaryFile(GraphBytes.Loop());
        using var model = Open(file.Path);

        var result = model.Run(new Dictionary<string, OnnxTensor> { ["count"] = OnnxTensor.Create([5L]) }, null, TestContext.Current.CancellationToken);

        result["y"].AsSpan<float>()[0].ShouldBe(5);
    }

    [Fact]
    public async Task Run_CancelledInsideTheGraph_Ends()
    {
        using var file = new TemporaryFile(GraphBytes.Loop());
        using var model = Open(file.Path);
        using var source = new CancellationTokenSource();

        // at a microsecond an iteration this would run for years
        var run = Task.Factory.StartNew(
            () => model.Run(new Dictionary<string, OnnxTensor> { ["count"] = OnnxTensor.Create([long.MaxValue]) }, null, source.Token),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        source.CancelAfter(TimeSpan.FromMilliseconds(200));

        await Should.ThrowAsync<OperationCanceledException>(() => run.DefaultTimeout());
    }

    [Fact]
    public void Run_TwoThreadsAtOnce_GiveTheSame()
    {
        using var model = Open(Tagger);
        var expected = model.Run(Inputs(), null, TestContext.Current.CancellationToken)["logits"].ToSingles();

        var results = Enumerable.Range(0, 8).AsParallel().Select(_ => model.Run(Inputs(), null, CancellationToken.None)["logits"].ToSingles()).ToList();

        results.ShouldAllBe(result => result.SequenceEqual(expected));
    }

    [Fact]
    public void Open_Cuda_IsRefusedWithTheWayOut()
    {
        var exception = Should.Throw<FailedPreconditionException>(() => OnnxModel.Open(Tagger, new OnnxModelOptions { Device = OnnxDevice.Cuda }));

        exception.Message.ShouldContain("cuda");
        exception.WayOut.ShouldContain("Accelerator=cuda");
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "LFS")]
    [InlineData("<html>404</html>", "web page")]
    [InlineData("PK\u0003\u0004archive/data.pkl", "PyTorch")]
    [InlineData("GGUF\u0003", "GGUF")]
    [InlineData("", "empty")]
    [InlineData("no graph at all, just text", "not an ONNX graph")]
    public void Open_SomethingElse_SaysWhat(string content, string reason)
    {
        using var file = new TemporaryFile(System.Text.Encoding.Latin1.GetBytes(content));

        var exception = Should.Throw<ModelLoadException>(() => Open(file.Path));

        exception.Message.ShouldContain(reason);
        exception.WayOut.ShouldNotBeEmpty();
    }

    [Fact]
    public void Open_Folder_IsRefused() =>
        Should.Throw<ModelLoadException>(() => Open(Checkout.Miniature("tagger"))).Message.ShouldContain("folder");

    [Fact]
    public void Open_TruncatedAnywhere_IsRefusedOrLoads()
    {
        var bytes = GraphBytes.Loop();
        for (var length = 1; length < bytes.Length; length++)
        {
            using var file = new TemporaryFile(bytes[..length]);
            try
            {
                Open(file.Path).Dispose();
            }
            catch (ModelLoadException exception)
            {
                exception.WayOut.ShouldNotBeEmpty();
            }
        }
    }

    [Fact]
    public void Create_CountAndShapeDisagree_Throws() =>
        Should.Throw<ArgumentException>(() => OnnxTensor.Create(new float[5], 2, 3));

    private static Dictionary<string, OnnxTensor> Inputs() => new() { ["image"] = OnnxTensor.Create(new float[3 * 64 * 64], 1, 3, 64, 64) };
}
