using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Realign.Gateway.Tests.Fakes;
using Realign.Testing;
using Realign.V1;
using Shouldly;
using Xunit;
using Status = Google.Rpc.Status;

namespace Realign.Gateway.Tests;

/// <summary>Rewards: sums, gradients, errors of single pairs, and work that is not done twice.</summary>
public sealed class RewardTests
{
    private readonly ConcurrentQueue<ScorePromptRequest> _scored = new();
    private readonly ConcurrentQueue<EmbedTextRequest> _embedded = new();
    private readonly ConcurrentQueue<CaptionRequest> _captioned = new();

    [Fact]
    public async Task CaptionReward_IsTheCosineOfCaptionAndPrompt()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, [Pair("car.png", "x=3 y=4")], Spec(RewardKind.Caption));

        // the fake captions "car.png" as x=1 y=0 and embeds "x=a y=b" as (a, b) / length
        var item = response.Items.ShouldHaveSingleItem();
        item.Reward.ShouldBe(0.6f, 1e-6f);
        item.Values.ShouldHaveSingleItem().Caption.ShouldBe("x=1 y=0");
        item.Gradient.ShouldBeNull();
    }

    [Fact]
    public async Task EqualImagesTextsAndPairs_AreSentOnce()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh,
            [Pair("car.png", "x=3 y=4"), Pair("car.png", "x=3 y=4"), Pair("car.png", "x=1 y=0")], Spec(RewardKind.Caption), Spec(RewardKind.Clip));

        response.Items.Count.ShouldBe(3);
        response.Items[1].ShouldBe(response.Items[0]);
        _captioned.Count.ShouldBe(1);
        _embedded.SelectMany(request => request.Texts).ShouldBe(["x=3 y=4", "x=1 y=0"], ignoreOrder: true);
        _scored.Sum(request => request.Items.Count).ShouldBe(2);
    }

    [Fact]
    public async Task BothPresets_ShareTheCaption()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, [Pair("car.png", "x=3 y=4")],
            new RewardSpec { Kind = RewardKind.Caption, TextEncoder = TextEncoderPreset.Paper },
            new RewardSpec { Kind = RewardKind.Caption, TextEncoder = TextEncoderPreset.OfficialCode, Weight = -1 });

        response.Items[0].Reward.ShouldBe(0);
        _captioned.Count.ShouldBe(1);
        _embedded.Select(request => request.Preset).ShouldBe([TextEncoderPreset.Paper, TextEncoderPreset.OfficialCode], ignoreOrder: true);
    }

    [Fact]
    public async Task OneBadImage_DoesNotFailTheOthers()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, [Pair("a.png", "x=1 y=0"), Pair("bad", "x=1 y=0"), Pair("c.png", "x=1 y=0"), new ScoreItem { Prompt = "x" },
            Pair("d.png", "")],
            Spec(RewardKind.Likelihood), Spec(RewardKind.Caption));

        response.Items[0].Error.ShouldBeNull();
        response.Items[2].Error.ShouldBeNull();
        response.Items[1].Error.Code.ShouldBe((int)StatusCode.InvalidArgument);
        response.Items[1].Error.Message.ShouldContain("not an image");
        response.Items[1].Error.Message.ShouldNotContain("items[");
        response.Items[3].Error.Message.ShouldContain("image");
        response.Items[4].Error.Message.ShouldContain("prompt");
    }

    [Fact]
    public async Task RefusalWithoutAPosition_IsNarrowedDown()
    {
        await using var mesh = await StartAsync();
        var score = mesh.Behavior.ScorePrompt;
        mesh.Behavior.ScorePrompt = request => request.Items.Any(item => item.Image.Encoded.ToStringUtf8() == "odd")
            ? throw new RpcException(new Grpc.Core.Status(StatusCode.InvalidArgument, "one of them is odd"))
            : score(request);

        var response = await Score(mesh, [.. Enumerable.Range(0, 9).Select(i => Pair(i == 5 ? "odd" : $"{i}.png", "x=1 y=0"))], Spec(RewardKind.Itm));

        response.Items.Select(item => item.Error is null).ShouldBe(Enumerable.Range(0, 9).Select(i => i != 5));
    }

    [Fact]
    public async Task Gradients_AreTheWeightedSum()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, new GradientOptions { DataType = DataType.Float32 }, [Pair("a.png", "x=1 y=0")],
            new RewardSpec { Kind = RewardKind.Likelihood, Weight = 2 }, new RewardSpec { Kind = RewardKind.Clip, Weight = -0.5f }, Spec(RewardKind.Caption));

        // the fake's gradient of method m is m * (1, 2, 3)
        var gradient = response.Items[0].Gradient;
        gradient.Shape.ShouldBe([3, 1, 1]);
        Singles(gradient).ShouldBe([0, 0, 0]);
        response.Items[0].Reward.ShouldBe((2 * 10) - (0.5f * 40) + 1);
        _scored.ShouldAllBe(request => request.Gradient != null);
    }

    [Fact]
    public async Task HalfGradients_AreScaledByAPowerOfTwo()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, new GradientOptions { DataType = DataType.Float16 }, [Pair("a.png", "x=1 y=0")],
            new RewardSpec { Kind = RewardKind.Likelihood, Weight = 1e-9f }, new RewardSpec { Kind = RewardKind.Itc, Weight = 1e-9f });

        _scored.ShouldAllBe(request => request.Gradient.DataType == DataType.Float32);
        var gradient = response.Items[0].Gradient;
        gradient.DataType.ShouldBe(DataType.Float16);
        gradient.ScaleLog2.ShouldBeGreaterThan(20);
        var halves = MemoryMarshal.Cast<byte, Half>(gradient.Data.Span).ToArray().Select(half => Math.ScaleB((double)half, -gradient.ScaleLog2)).ToArray();
        for (var i = 0; i < 3; i++)
            halves[i].ShouldBe(3e-9 * (i + 1), 3e-9 * (i + 1) * 1e-3);
    }

    [Fact]
    public async Task OneRewardWithoutWeight_IsHandedOnUntouched()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, new GradientOptions { DataType = DataType.Float16 }, [Pair("a.png", "x=1 y=0")], Spec(RewardKind.Likelihood));

        _scored.Single().Gradient.DataType.ShouldBe(DataType.Float16);
        response.Items[0].Gradient.ScaleLog2.ShouldBe(3);
    }

    [Fact]
    public async Task ManyPairs_AreSentInBatches()
    {
        await using var mesh = await StartAsync();

        var response = await Score(mesh, [.. Enumerable.Range(0, 40).Select(i => Pair($"{i}.png", "x=1 y=0"))], Spec(RewardKind.Clip));

        response.Items.ShouldAllBe(item => item.Error == null && item.Reward == 40);
        _scored.Select(request => request.Items.Count).ShouldBe([16, 16, 8], ignoreOrder: true);
    }

    [Fact]
    public async Task FailureOfTheCaptioner_EndsTheCallAndNamesTheReward()
    {
        await using var mesh = await StartAsync();
        mesh.Behavior.ScorePrompt = _ => throw new RpcException(new Grpc.Core.Status(StatusCode.FailedPrecondition, "no retrieval checkpoint is loaded"));

        var failure = await TestService.FailsAsync(() => Score(mesh, [Pair("a.png", "x=1 y=0")], Spec(RewardKind.Itc), Spec(RewardKind.Caption)));

        failure.StatusCode.ShouldBe(StatusCode.FailedPrecondition);
        failure.Status.Detail.ShouldContain("no retrieval checkpoint");
        Calls.Info(failure).Metadata["reward"].ShouldBe("ITC");
        Calls.Info(failure).Metadata["service"].ShouldBe("captioner");
    }

    [Fact]
    public async Task UnreachableCaptioner_IsUnavailable()
    {
        await using var mesh = await FakeMesh.StartAsync(["Captioner"]);

        var failure = await TestService.FailsAsync(() => Score(mesh, [Pair("a.png", "x=1 y=0")], Spec(RewardKind.Caption)));

        failure.StatusCode.ShouldBe(StatusCode.Unavailable);
        Calls.Info(failure).Metadata["service"].ShouldBe("captioner");
    }

    [Theory]
    [InlineData(float.NaN, DataType.Float32)]
    [InlineData(float.NegativeInfinity, DataType.Float32)]
    [InlineData(float.NaN, DataType.Float16)]
    [InlineData(float.PositiveInfinity, DataType.Float16)]
    public async Task GradientThatIsNotFinite_IsAnErrorOfItsPair(float wrong, DataType dataType)
    {
        await using var mesh = await StartAsync();
        SpoilScore(mesh, "spoiled.png", RewardKind.Itc, score => score.Gradient = dataType == DataType.Float32
            ? new Tensor { DataType = dataType, Shape = { 3, 1, 1 }, Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(new[] { 1, 2, wrong }.AsSpan())) }
            : new Tensor
            {
                DataType = dataType,
                Shape = { 3, 1, 1 },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(new[] { (Half)1, (Half)2, (Half)wrong }.AsSpan()))
            });

        var response = await Score(mesh, new GradientOptions { DataType = dataType }, [Pair("a.png", "x=1 y=0"), Pair("spoiled.png", "x=1 y=0")],
            Spec(RewardKind.Itc));

        response.Items[0].Error.ShouldBeNull();
        response.Items[1].Gradient.ShouldBeNull();
        response.Items[1].Error.Code.ShouldBe((int)StatusCode.FailedPrecondition);
        response.Items[1].Error.Message.ShouldContain("the gradient of the ITC reward is");
        response.Items[1].Error.Message.ShouldContain("element 2");
    }

    [Fact]
    public async Task ValueThatIsNotFinite_IsAnErrorOfItsPair_ThatNamesTheReward()
    {
        await using var mesh = await StartAsync();
        SpoilScore(mesh, "spoiled.png", RewardKind.Clip, score => score.Score = float.NaN);

        var response = await Score(mesh, [Pair("spoiled.png", "x=1 y=0"), Pair("a.png", "x=1 y=0")], Spec(RewardKind.Itm), Spec(RewardKind.Clip));

        response.Items[0].Error.Code.ShouldBe((int)StatusCode.FailedPrecondition);
        response.Items[0].Error.Message.ShouldContain("the CLIP reward is NaN");
        response.Items[0].Values.ShouldBeEmpty();
        response.Items[1].Error.ShouldBeNull();
    }

    [Fact]
    public async Task CaptionWithoutDirection_IsAnErrorOfItsPair()
    {
        await using var mesh = await StartAsync();

        // the fake divides by a length of 0
        var response = await Score(mesh, [Pair("a.png", "x=0 y=0"), Pair("a.png", "x=1 y=0")], Spec(RewardKind.Caption));

        response.Items[0].Error.Message.ShouldContain("the CAPTION reward is NaN");
        response.Items[1].Reward.ShouldBe(1);
    }

    [Fact]
    public async Task SumThatLeavesFloat_IsAnErrorOfItsPair()
    {
        await using var mesh = await StartAsync();
        SpoilScore(mesh, "spoiled.png", RewardKind.Itc, score => score.Gradient =
            new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 3, 1, 1 },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(new[] { 1f, 2f, 1e37f }.AsSpan()))
            });

        var response = await Score(mesh, new GradientOptions(), [Pair("a.png", "x=1 y=0"), Pair("spoiled.png", "x=1 y=0")],
            new RewardSpec { Kind = RewardKind.Itc, Weight = 1000 }, Spec(RewardKind.Clip));

        response.Items[0].Error.ShouldBeNull();
        response.Items[1].Error.Message.ShouldContain("the gradient of the summed reward");
    }

    [Fact]
    public async Task LargeGradient_InHalves_IsScaledDown()
    {
        await using var mesh = await StartAsync();
        SpoilScore(mesh, "spoiled.png", RewardKind.Itc, score => score.Gradient =
            new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 3, 1, 1 },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(new[] { 1e30f, 0, -3e35f }.AsSpan()))
            });

        var response = await Score(mesh, new GradientOptions { DataType = DataType.Float16 }, [Pair("spoiled.png", "x=1 y=0")],
            new RewardSpec { Kind = RewardKind.Itc, Weight = 1000 }, new RewardSpec { Kind = RewardKind.Clip, Weight = 0 });

        var gradient = response.Items[0].Gradient;
        var halves = MemoryMarshal.Cast<byte, Half>(gradient.Data.Span).ToArray();
        halves.ShouldAllBe(half => Half.IsFinite(half));
        Math.ScaleB((double)halves[2], -gradient.ScaleLog2).ShouldBe(-3e38, 3e35);
    }

    [Fact]
    public async Task EntryThatTheCaptionerCannotScore_DoesNotFailTheOthers()
    {
        await using var mesh = await StartAsync();
        var score = mesh.Behavior.ScorePrompt;
        mesh.Behavior.ScorePrompt = request =>
        {
            var index = request.Items.ToList().FindIndex(item => item.Image.Encoded.ToStringUtf8() == "odd");
            return index < 0 ? score(request) : throw NotFinite($"items[{index}]");
        };

        var response = await Score(mesh, [Pair("a.png", "x=1 y=0"), Pair("odd", "x=1 y=0"), Pair("b.png", "x=1 y=0")], Spec(RewardKind.Clip));

        response.Items[0].Error.ShouldBeNull();
        response.Items[2].Error.ShouldBeNull();
        response.Items[1].Error.Code.ShouldBe((int)StatusCode.FailedPrecondition);
        response.Items[1].Error.Message.ShouldContain("the reward is NaN");
        response.Items[1].Error.Message.ShouldNotContain("items[");
    }

    [Fact]
    public async Task Timings_AreInTheOrderOfTheRequest_WhateverIsReadyFirst()
    {
        await using var mesh = await StartAsync();
        using var othersAreDone = new CountdownEvent(2);
        var (score, embed) = (mesh.Behavior.ScorePrompt, mesh.Behavior.EmbedText);
        mesh.Behavior.ScorePrompt = request =>
        {
            if (request.Method == ScoreMethod.Clip)
                othersAreDone.Wait(TimeSpan.FromSeconds(30)).ShouldBeTrue();
            else
                othersAreDone.Signal();
            return score(request);
        };
        mesh.Behavior.EmbedText = request =>
        {
            othersAreDone.Signal();
            return embed(request);
        };

        var response = await Score(mesh, [Pair("a.png", "x=1 y=0")], Spec(RewardKind.Clip), Spec(RewardKind.Caption), Spec(RewardKind.Likelihood));

        response.Timings.Select(timing => timing.Name).ShouldBe(["clip", "caption", "likelihood"]);
        response.Items[0].Values.Select(value => value.Kind).ShouldBe([RewardKind.Clip, RewardKind.Caption, RewardKind.Likelihood]);
    }

    [Fact]
    public async Task WhatAModelDidNotRead_IsReported()
    {
        await using var mesh = await StartAsync();
        var caption = mesh.Behavior.Caption;
        mesh.Behavior.Caption = request => request.Image.Encoded.ToStringUtf8() == "long.png" ? new CaptionResponse { Caption = "x=1 y=0.5" }
            : caption(request);
        SpoilScore(mesh, "long.png", RewardKind.Clip, score => score.TruncatedPrompt = "and a vase");

        var response = await Score(mesh, [Pair("long.png", "x=3 y=4.75")], Spec(RewardKind.Caption), Spec(RewardKind.Clip));

        response.Items[0].Values[0].TruncatedPrompt.ShouldBe(".75");
        response.Items[0].Values[0].TruncatedCaption.ShouldBe(".5");
        response.Items[0].Values[1].TruncatedPrompt.ShouldBe("and a vase");
    }

    public static TheoryData<string, Action<ScoreRequest>> Unusable { get; } = new()
    {
        { "items", request => request.Items.Clear() },
        { "rewards", request => request.Rewards.Clear() },
        { "rewards[0].kind", request => request.Rewards[0].Kind = RewardKind.Unspecified },
        { "rewards[0].kind", request => request.Rewards[0].Kind = (RewardKind)77 },
        { "rewards[0].weight", request => request.Rewards[0].Weight = float.NaN },
        { "rewards[0].weight", request => request.Rewards[0].Weight = 1001 },
        { "gradient.data_type", request => request.Gradient = new GradientOptions { DataType = DataType.Int64 } },
        { "gradient", request => { request.Gradient = new GradientOptions(); request.Rewards[0].Kind = RewardKind.Caption; } },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task UnusableRequest_NamesTheField(string field, Action<ScoreRequest> change)
    {
        await using var mesh = await StartAsync();
        var request = new ScoreRequest { Items = { Pair("a.png", "x=1 y=0") }, Rewards = { Spec(RewardKind.Clip) } };
        change(request);

        var failure = await TestService.FailsAsync(() => mesh.Rewards.ScoreAsync(request).ResponseAsync);

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.GetRpcStatus()!.GetDetail<BadRequest>()!.FieldViolations.Single().Field.ShouldBe(field);
    }

    private async Task<FakeMesh> StartAsync()
    {
        var mesh = await FakeMesh.StartAsync();
        mesh.Behavior.Caption = request =>
        {
            _captioned.Enqueue(request);
            return request.Image.Encoded.ToStringUtf8() == "bad" ? throw Refused("image") : new CaptionResponse { Caption = "x=1 y=0" };
        };
        mesh.Behavior.EmbedText = request =>
        {
            _embedded.Enqueue(request);
            var rows = request.Texts.SelectMany(Embed).ToArray();
            return new EmbedTextResponse
            {
                Embeddings = new Tensor
                {
                    DataType = DataType.Float32,
                    Shape = { request.Texts.Count, 2 },
                    Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(rows.AsSpan()))
                },
                Texts = { request.Texts.Select(text => new TextReport { NumTokens = 3, Truncated = text.Length > 7 ? text[7..] : "" }) },
            };
        };
        mesh.Behavior.ScorePrompt = request =>
        {
            _scored.Enqueue(request);
            for (var i = 0; i < request.Items.Count; i++)
            {
                if (request.Items[i].Image.Encoded.ToStringUtf8() == "bad")
                    throw Refused($"items[{i}].image");
            }

            return new ScorePromptResponse { Scores = { request.Items.Select(_ => ScoreOf(request)) } };
        };
        return mesh;
    }

    /// <summary>Changes what the Captioner answers for one image and reward.</summary>
    private static void SpoilScore(FakeMesh mesh, string image, RewardKind kind, Action<PromptScore> change)
    {
        var score = mesh.Behavior.ScorePrompt;
        mesh.Behavior.ScorePrompt = request =>
        {
            var answer = score(request);
            for (var i = 0; i < request.Items.Count; i++)
            {
                if (request.Items[i].Image.Encoded.ToStringUtf8() == image && request.Method.ToString() == kind.ToString())
                    change(answer.Scores[i]);
            }

            return answer;
        };
    }

    private static RpcException NotFinite(string field)
    {
        var status = new Status { Code = (int)Code.FailedPrecondition, Message = $"{field}: the reward is NaN" };
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(new ErrorInfo { Domain = "realign", Metadata = { ["field"] = field } }));
        return status.ToRpcException();
    }

    private static PromptScore ScoreOf(ScorePromptRequest request)
    {
        var method = (int)request.Method;
        var score = new PromptScore { Score = 10 * method };
        if (request.Gradient is { DataType: DataType.Float16 })
        {
            var halves = new[] { (Half)(8 * method), (Half)(16 * method), (Half)(24 * method) };
            score.Gradient = new Tensor
            {
                DataType = DataType.Float16,
                Shape = { 3, 1, 1 },
                ScaleLog2 = 3,
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan()))
            };
        }
        else if (request.Gradient is not null)
        {
            var singles = new float[] { method, 2 * method, 3 * method };
            score.Gradient = new Tensor
            {
                DataType = DataType.Float32,
                Shape = { 3, 1, 1 },
                Data = ByteString.CopyFrom(MemoryMarshal.AsBytes(singles.AsSpan()))
            };
        }

        return score;
    }

    private static float[] Embed(string text)
    {
        var numbers = text.Split(' ').Select(part => float.Parse(part[2..], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        var length = MathF.Sqrt(numbers.Sum(number => number * number));
        return [.. numbers.Select(number => number / length)];
    }

    private static RpcException Refused(string field)
    {
        var status = new Status { Code = (int)Code.InvalidArgument, Message = $"{field} = 3 bytes: it is not an image" };
        status.Details.Add(Google.Protobuf.WellKnownTypes.Any.Pack(
            new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = field } } }));
        return status.ToRpcException();
    }

    private static float[] Singles(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();

    private static ScoreItem Pair(string image, string prompt) => new() { Image = new Image { Encoded = ByteString.CopyFromUtf8(image) }, Prompt = prompt };

    private static RewardSpec Spec(RewardKind kind) => new() { Kind = kind };

    private static Task<ScoreResponse> Score(FakeMesh mesh, ScoreItem[] pairs, params RewardSpec[] rewards) => Score(mesh, null, pairs, rewards);

    private static async Task<ScoreResponse> Score(FakeMesh mesh, GradientOptions? gradient, ScoreItem[] pairs, params RewardSpec[] rewards) =>
        await mesh.Rewards.ScoreAsync(new ScoreRequest { Items = { pairs }, Rewards = { rewards }, Gradient = gradient }).ResponseAsync.DefaultTimeout();
}
