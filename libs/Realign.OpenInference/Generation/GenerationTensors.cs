using System.Globalization;
using Google.Protobuf;
using Realign.Core.Errors;
using Realign.OpenInference.Models;
using Realign.OpenInference.Requests;
using Realign.OpenInference.Responses;
using Realign.OpenInference.Tensors;
using Realign.V1;

namespace Realign.OpenInference.Generation;

/// <summary>Requests to draw images, and what comes of them, as tensors; the same for one model and for the flow over several.</summary>
public static class GenerationTensors
{
    private const string Prompt = "prompt";
    private const string Negative = "negative";
    private const string Seed = "seed";
    private const string Size = "size";
    private const string Layout = "layout";
    private const string Steps = "steps";
    private const string Guidance = "guidance_scale";
    private const string PreviewEvery = "preview_every";
    private const string Image = "image";
    private const string Step = "step";
    private const string Preview = "preview";

    /// <summary>What a request may hold.</summary>
    public static IReadOnlyList<TensorSpec> Inputs { get; } =
    [
        new(Prompt, TensorType.Bytes, 1),
        new(Negative, TensorType.Bytes, 1) { IsOptional = true },
        new(Seed, TensorType.Int64, -1) { IsOptional = true },
        new(Size, TensorType.Int32, 2) { IsOptional = true },
        new(Layout, TensorType.Bytes, 1) { IsOptional = true },
        new(Steps, TensorType.Int32, 1) { IsOptional = true },
        new(Guidance, TensorType.Float32, 1) { IsOptional = true },
        new(PreviewEvery, TensorType.Int32, 1) { IsOptional = true },
    ];

    /// <summary>What comes of it; steps and previews on streams only.</summary>
    public static IReadOnlyList<TensorSpec> Outputs { get; } =
        [new(Image, TensorType.Bytes, -1), new(Step, TensorType.Int32, 1), new(Preview, TensorType.Bytes, 1)];

    /// <summary>The tensors of the fields of <c>GenerateRequest</c>; see <see cref="ModelSignature.Fields"/>.</summary>
    /// <param name="path">Of the message in the typed request, with a dot at its end.</param>
    public static IReadOnlyDictionary<string, string> Fields(string path) => new Dictionary<string, string>
    {
        [$"{path}prompt"] = Prompt,
        [$"{path}negative_prompt"] = Negative,
        [$"{path}num_images"] = Seed,
        [$"{path}height"] = Size,
        [$"{path}width"] = Size,
        [$"{path}modulation"] = Layout,
        [$"{path}num_inference_steps"] = Steps,
        [$"{path}guidance_scale"] = Guidance,
        [$"{path}preview.every_steps"] = PreviewEvery,
    };

    /// <summary>The typed request.</summary>
    /// <exception cref="InvalidInputException">Seeds do not follow each other, or the layout is no JSON of a <c>Modulation</c>.</exception>
    public static GenerateRequest Read(InferenceRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var call = new GenerateRequest { Prompt = request[Prompt].Text(0), NegativePrompt = request.Find(Negative)?.Text(0) ?? "" };
        if (request.Find(Seed) is { } seeds)
            ReadSeeds(seeds.Int64s(), call);
        if (request.Find(Size)?.Int32s() is [var height, var width])
            (call.Height, call.Width) = (height, width);
        if (request.Find(Layout)?.Text(0) is { } layout)
            call.Modulation = ReadLayout(layout);
        if (request.Find(Steps) is { } steps)
            call.NumInferenceSteps = steps.Int32s()[0];
        if (request.Find(Guidance) is { } guidance)
            call.GuidanceScale = guidance.Singles()[0];
        if (request.Find(PreviewEvery) is { } every)
            call.Preview = new PreviewOptions { EverySteps = every.Int32s()[0] };
        return call;
    }

    /// <summary>A step that was made.</summary>
    public static InferenceAnswer Of(GenerateProgress progress)
    {
        ArgumentNullException.ThrowIfNull(progress);
        return new InferenceAnswer(OutputTensor.Int32s(Step, [progress.Step], 1))
            .With("total_steps", progress.TotalSteps)
            .With("eta_milliseconds", progress.EtaMilliseconds);
    }

    /// <summary>A preview, and the step it was made after.</summary>
    public static InferenceAnswer Of(GeneratePreview preview)
    {
        ArgumentNullException.ThrowIfNull(preview);
        return new InferenceAnswer(OutputTensor.Int32s(Step, [preview.Step], 1), OutputTensor.Blobs(Preview, [preview.Png], 1));
    }

    /// <summary>The images, each a PNG.</summary>
    public static InferenceAnswer Of(IReadOnlyCollection<ByteString> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return new InferenceAnswer(OutputTensor.Blobs(Image, images, images.Count));
    }

    private static void ReadSeeds(long[] seeds, GenerateRequest call)
    {
        if (seeds.Length == 0)
            throw new InvalidInputException(Seed, "no seeds", "each image has one", "send one, or leave seed out");
        for (var i = 0; i < seeds.Length; i++)
        {
            if (seeds[i] < 0 || seeds[i] != seeds[0] + i)
            {
                throw new InvalidInputException(Seed, string.Create(CultureInfo.InvariantCulture, $"{seeds[i]} at position {i}"),
                    "seeds are 0 or more, and those of one request follow each other", "send seed, seed + 1, ..., or a request for each");
            }
        }

        call.Seed = (ulong)seeds[0];
        call.NumImages = seeds.Length;
    }

    private static Modulation ReadLayout(string json)
    {
        try
        {
            return JsonParser.Default.Parse<Modulation>(json);
        }
        catch (Exception exception) when (exception is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new InvalidInputException(Layout, $"{json.Length} characters", "it is no JSON of a Modulation",
                "send for example {\"segments\": [{\"phrase\": \"car\", \"score\": 1, \"mask\": {\"width\": 64, \"height\": 64, \"counts\": [0, 4096]}}]}");
        }
    }
}
