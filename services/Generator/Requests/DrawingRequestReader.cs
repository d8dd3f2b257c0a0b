using System.Security.Cryptography;
using Realign.Core.Errors;
using Realign.Core.Images;
using Realign.Diffusion.Modulation;
using Realign.Generator.Drawing;
using Realign.Hosting.Requests;
using Realign.V1;

namespace Realign.Generator.Requests;

/// <summary>Checks every field of a request.</summary>
internal static class DrawingRequestReader
{
    private const int MinSide = 64;
    private const int MaxSide = 2048;
    private const int MaxMaskSide = 8192;
    private const int MaxSegments = 32;
    private const int MaxPhraseLength = 256;

    private static readonly ModulationOptions Defaults = new();

    public static DrawingRequest Read(GenerateRequest request, GeneratorOptions options)
    {
        var seed = request.HasSeed ? request.Seed : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) >> 1;
        var images = Require.Range("num_images", request.HasNumImages ? request.NumImages : 1, 1, 16);
        return new DrawingRequest
        {
            Prompt = Require.Text("prompt", request.Prompt),
            NegativePrompt = Require.OptionalText("negative_prompt", request.NegativePrompt),
            Seeds = [.. Enumerable.Range(0, images).Select(i => unchecked(seed + (ulong)i))],
            NumInferenceSteps = Require.Range("num_inference_steps", request.HasNumInferenceSteps ? request.NumInferenceSteps : options.DefaultSteps, 1, 1000),
            GuidanceScale = Require.Range("guidance_scale", request.HasGuidanceScale ? request.GuidanceScale : (float)options.DefaultGuidanceScale, 0, 50),
            Width = request.HasWidth ? Side("width", request.Width) : null,
            Height = request.HasHeight ? Side("height", request.Height) : null,
            SchedulerClass = SchedulerNames.ClassOf(Require.Known("scheduler", request.Scheduler)),
            Eta = Require.Range("eta", request.Eta, 0, 1),
            GuidanceRescale = Require.Range("guidance_rescale", request.GuidanceRescale, 0, 1),
            PreviewEvery = Require.Range("preview.every_steps", request.Preview?.EverySteps ?? 0, 0, 1000),
            PreviewSize = request.Preview is { HasMaxSize: true } preview ? Require.Range("preview.max_size", preview.MaxSize, 8, 1024) : null,
            HeatMaps = request.HeatMaps,
            FineStage = request.Modulation is null ? null : FineStage(request.Modulation),
            MaxPixels = options.MaxPixels,
        };
    }

    private static int Side(string field, int value)
    {
        _ = Require.Range(field, value, MinSide, MaxSide);
        return value % 8 == 0
            ? value
            : throw new InvalidInputException(field, $"{value}", "not a multiple of 8", $"use {value / 8 * 8} or {(value / 8 * 8) + 8}");
    }

    private static FineStageRequest FineStage(Modulation modulation)
    {
        Require.Count("modulation.segments", modulation.Segments.Count, 0, MaxSegments);
        var mode = Require.Known("modulation.mode", modulation.Mode);
        var options = new ModulationOptions
        {
            Negative = mode == ModulationMode.Exact ? NegativeSelector.Exact : NegativeSelector.Safe,
            CrossWeight = Require.Range("modulation.cross_attention_weight", modulation.HasCrossAttentionWeight ? modulation.CrossAttentionWeight : (float)Defaults.CrossWeight, 0, 10),
            SelfWeight = Require.Range("modulation.self_attention_weight", modulation.HasSelfAttentionWeight ? modulation.SelfAttentionWeight : (float)Defaults.SelfWeight, 0, 10),
            SchedulePower = Require.Range("modulation.schedule_power", modulation.HasSchedulePower ? modulation.SchedulePower : (float)Defaults.SchedulePower, 0, 20),
            StepFraction = Require.Range("modulation.step_fraction", modulation.HasStepFraction ? modulation.StepFraction : (float)Defaults.StepFraction, 0, 1),
            MaxGain = Require.Range("modulation.max_gain", modulation.HasMaxGain ? modulation.MaxGain : (float)Defaults.MaxGain!.Value, 0, 10),
        };
        return new FineStageRequest(
            [.. modulation.Segments.Select(Region)], options,
            !modulation.HasReplaceEmbeddings || modulation.ReplaceEmbeddings,
            modulation.SuppressZeroScores,
            !modulation.HasExtendPrompt || modulation.ExtendPrompt);
    }

    private static PhraseRegion Region(Segment segment, int index)
    {
        var field = $"modulation.segments[{index}]";
        var score = Require.Range($"{field}.score", segment.Score, 0, 2);
        var phrase = score > 0
            ? Require.Text($"{field}.phrase", segment.Phrase, MaxPhraseLength)
            : Require.OptionalText($"{field}.phrase", segment.Phrase, MaxPhraseLength);
        if (segment.Mask is not { } mask)
        {
            return score == 0
                ? new PhraseRegion(phrase, score, null)
                : throw new InvalidInputException($"{field}.mask", "missing", "a segment with a score above 0 needs a place", "send its mask, or leave the segment out");
        }

        _ = Require.Range($"{field}.mask.width", mask.Width, 1, MaxMaskSide);
        _ = Require.Range($"{field}.mask.height", mask.Height, 1, MaxMaskSide);
        return new PhraseRegion(phrase, score, RunLengthEncoding.Decode($"{field}.mask", mask.Width, mask.Height, mask.Counts));
    }
}
