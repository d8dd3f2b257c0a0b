using Realign.Core.Errors;
using Realign.Diffusion.Pipelines;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.UNet;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;
using static TorchSharp.torch;

namespace Realign.Diffusion.Tests;

/// <summary>A model that is told the guidance weight (LCM), made of the miniature and a random projection of the weight.</summary>
public sealed class DistilledModelTests : IDisposable
{
    private const int Features = 16;
    private const double Weight = 1.5;

    private readonly SnapshotCopy _copy = SnapshotCopy.OfMiniature();
    private readonly float[] _projection;
    private readonly int _width;

    public DistilledModelTests()
    {
        TorchRuntime.Initialize(0);
        var published = Checkout.Miniature("generator");
        _copy.Edit("model_index.json", index => index["_class_name"] = "LatentConsistencyModelPipeline");
        _copy.Edit("unet/config.json", config => config["time_cond_proj_dim"] = Features);
        _width = UNet2DConditionConfig.Load(Path.Combine(published, "unet", "config.json")).BlockOutChannels[0];
        var random = new Random(11);
        _projection = [.. Enumerable.Range(0, _width * Features).Select(_ => (float)(random.NextDouble() - 0.5))];
        _copy.Put(SnapshotCopy.UNetWeights, "time_embedding.cond_proj.weight", [_width, Features], _projection);
    }

    [Fact]
    public void Forward_GuidanceWeight_IsAddedToTheTimeFeatures()
    {
        using var distilled = UNet2DConditionModel.Load(_copy.In("unet"), TorchPlacement.Cpu);
        using var plain = UNet2DConditionModel.Load(Path.Combine(Checkout.Miniature("generator"), "unet"), TorchPlacement.Cpu);
        distilled.IsDistilled.ShouldBeTrue();
        Forward(distilled, null).ShouldBe(Forward(plain, null));

        // W1 (f + P e) + b1 = W1 f + (b1 + W1 P e): the plain model with another bias must give the same
        using (no_grad())
        {
            using var shift = plain.get_parameter("time_embedding.linear_1.weight")!.mv(tensor(_projection, [_width, Features]).mv(tensor(Embedding())));
            plain.get_parameter("time_embedding.linear_1.bias")!.add_(shift);
        }

        var expected = Forward(plain, null);
        var actual = Forward(distilled, Weight);
        actual.Zip(expected, (a, b) => Math.Abs(a - b)).Max().ShouldBeLessThan(1e-4f);
        actual.ShouldNotBe(Forward(distilled, null));
    }

    [Fact]
    public void Forward_GuidanceWeightForAnotherModel_IsRefused()
    {
        using var plain = UNet2DConditionModel.Load(Path.Combine(Checkout.Miniature("generator"), "unet"), TorchPlacement.Cpu);

        Should.Throw<ArgumentException>(() => Forward(plain, Weight)).Message.ShouldContain("takes no guidance weight");
    }

    [Fact]
    public void Generate_NeedsNoSecondPass_AndTheWeightMatters()
    {
        using var pipeline = StableDiffusionSnapshot.Load(_copy.Folder, TorchPlacement.Cpu);
        pipeline.IsGuided(Miniature.Request() with { GuidanceScale = 8 }).ShouldBeFalse();
        var halves = new List<bool>();
        float[] With(double weight) => Miniature.Generate(
            pipeline, Miniature.Request(7) with { Scheduler = SchedulerKind.LCM, GuidanceScale = weight },
            new PipelineHooks { Progress = progress => halves.Add(progress.Step.FirstRow > 0) });

        With(8).ShouldNotBe(With(3));
        halves.ShouldAllBe(isGuided => !isGuided);
    }

    [Fact]
    public void Generate_NegativePrompt_IsRefused()
    {
        using var pipeline = StableDiffusionSnapshot.Load(_copy.Folder, TorchPlacement.Cpu);
        var request = Miniature.Request(7);

        Should.Throw<InvalidInputException>(() => Miniature.Generate(pipeline, request with { Prompt = request.Prompt with { NegativePrompts = ["blurred"] } }))
            .Field.ShouldBe("negative_prompt");
    }

    [Theory]
    [InlineData(15, "is odd")]
    [InlineData(2, "time_cond_proj_dim")]
    public void Load_WidthThatCannotBe_IsNamed(int features, string problem)
    {
        _copy.Edit("unet/config.json", config => config["time_cond_proj_dim"] = features);

        Should.Throw<ModelLoadException>(() => StableDiffusionSnapshot.Load(_copy.Folder, TorchPlacement.Cpu)).Problems.ShouldHaveSingleItem()
            .ShouldContain(problem);
    }

    public void Dispose() => _copy.Dispose();

    // sines, then cosines, of 1000 (w - 1) at frequencies from 1 down to 1e-4
    private static float[] Embedding()
    {
        const int Half = Features / 2;
        var angles = Enumerable.Range(0, Half).Select(i => 1000 * (Weight - 1) * Math.Pow(1e-4, i / (Half - 1.0))).ToList();
        return [.. angles.Select(angle => (float)Math.Sin(angle)), .. angles.Select(angle => (float)Math.Cos(angle))];
    }

    private static float[] Forward(UNet2DConditionModel model, double? guidance)
    {
        using var grad = no_grad();
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        var sample = randn([1, model.Config.InChannels, 8, 8], generator: generator);
        return model.forward(sample, tensor(500L).view(1), randn([1, 5, model.Config.CrossAttentionDim], generator: generator), guidance: guidance).ToSingles();
    }
}
