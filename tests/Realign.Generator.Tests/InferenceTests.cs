using Google.Protobuf;
using Grpc.Core;
using Inference;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Generator.Tests;

/// <summary>The Generator in the Open Inference Protocol gives what its own call gives.</summary>
public sealed class InferenceTests(RunningGenerator generator) : IClassFixture<RunningGenerator>
{
    private static ModelInferRequest Request(int steps = 6) => new ModelInferRequest { ModelName = "realigndiff-unet", Id = "r" }
        .With("prompt", "BYTES", [1], InferMessages.Texts(Requests.Prompt))
        .With("steps", "INT32", [1], InferMessages.Raw(steps));

    private static ModelInferRequest Seeded(params long[] seeds) => Request().With("seed", "INT64", [seeds.Length], InferMessages.Raw(seeds));

    [Fact]
    public async Task Image_IsThatOfTheTypedCall()
    {
        var typed = await generator.ResultAsync(Requests.Plain(request => (request.Height, request.Width, request.NumImages) = (64, 128, 2)));

        var answer = await generator.Service.InferAsync(Seeded(7, 8).With("size", "INT32", [2], InferMessages.Raw(64, 128)));

        answer.Outputs.ShouldHaveSingleItem().Name.ShouldBe("image");
        answer.ReadBlobs("image").ShouldBe(typed.Images.Select(image => image.Png.ToByteArray()));
        answer.Parameters["seed"].Int64Param.ShouldBe(7);
    }

    [Fact]
    public async Task Stream_TellsStepsAndPreviews_AndEndsWithTheImage()
    {
        var typed = await generator.ResultAsync(Requests.Plain());

        var responses = await generator.Service.StreamAsync(null, Seeded(7).With("preview_every", "INT32", [1], InferMessages.Raw(2)));

        responses.ShouldAllBe(response => response.ErrorMessage.Length == 0 && response.InferResponse.Id == "r");
        var (told, last) = (responses[..^1].ConvertAll(response => response.InferResponse), responses[^1].InferResponse);
        told.Where(response => response.Outputs.Count == 1).Select(response => response.Read<int>("step").Single()).ShouldBe(Enumerable.Range(0, 7));
        told.ShouldAllBe(response => !response.Parameters["triton_final_response"].BoolParam);
        var previews = told.Where(response => response.Outputs.Count == 2).ToList();
        previews.ShouldNotBeEmpty();
        previews.ShouldAllBe(response => response.ReadBlobs("preview").Single()[1] == (byte)'P');
        last.Parameters["triton_final_response"].BoolParam.ShouldBeTrue();
        last.ReadBlobs("image").ShouldBe([typed.Images.Single().Png.ToByteArray()]);
    }

    [Fact]
    public async Task Layout_IsTheModulationOfTheTypedCall()
    {
        var fine = Requests.Fine(Requests.Left("a red car"), Requests.Right("a green apple"));
        var typed = await generator.ResultAsync(fine);
        var layout = JsonFormatter.Default.Format(fine.Modulation);

        var answer = await generator.Service.InferAsync(Seeded(7).With("layout", "BYTES", [1], InferMessages.Texts(layout)));
        var plain = await generator.Service.InferAsync(Seeded(7));

        answer.ReadBlobs("image").ShouldBe([typed.Images.Single().Png.ToByteArray()]);
        plain.ReadBlobs("image").ShouldNotBe(answer.ReadBlobs("image"));
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "seeds apart", "seed" },
        { "seed below 0", "seed" },
        { "no seeds", "seed" },
        { "too many seeds", "seed" },
        { "steps", "steps" },
        { "size", "size" },
        { "no JSON", "layout" },
        { "no mask", "layout.segments[0].mask" },
        { "preview", "preview_every" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task WrongInput_IsNamedAsItWasSent(string kind, string field)
    {
        var request = kind switch
        {
            "seeds apart" => Seeded(7, 9),
            "seed below 0" => Seeded(-1),
            "no seeds" => Seeded(),
            "too many seeds" => Seeded([.. Enumerable.Range(0, 17).Select(seed => (long)seed)]),
            "steps" => Request(steps: 0),
            "size" => Request().With("size", "INT32", [2], InferMessages.Raw(63, 64)),
            "no JSON" => Request().With("layout", "BYTES", [1], InferMessages.Texts("{")),
            "no mask" => Request().With("layout", "BYTES", [1], InferMessages.Texts("""{"segments": [{"phrase": "car", "score": 1}]}""")),
            _ => Request().With("preview_every", "INT32", [1], InferMessages.Raw(-1)),
        };

        var failure = await TestService.FailsAsync(() => generator.Service.InferAsync(request));

        failure.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        failure.Status.Detail.ShouldStartWith(field + " = ");
    }

    [Fact]
    public async Task TimeoutInTheMiddle_EndsTheWork()
    {
        var request = Request(steps: 900);
        request.Parameters["timeout"] = new InferParameter { Int64Param = 300_000 };

        var failure = await TestService.FailsAsync(() => generator.Service.InferAsync(request));
        var next = await generator.Service.InferAsync(Seeded(7));

        // a service that knows how long that takes refuses it at once
        failure.StatusCode.ShouldBeOneOf(StatusCode.DeadlineExceeded, StatusCode.ResourceExhausted);
        next.ReadBlobs("image").ShouldHaveSingleItem();
    }
}
