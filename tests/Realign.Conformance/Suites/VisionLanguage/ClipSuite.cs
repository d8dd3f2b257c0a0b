using Realign.Clip;
using Realign.Conformance.Runner;
using Realign.Rewards.Tensors;
using Realign.Tokenizers;
using Realign.Torch;
using static TorchSharp.torch;

namespace Realign.Conformance.Suites.VisionLanguage;

/// <summary>CLIPModel with both activations.</summary>
public sealed class ClipSuite : IConformanceSuite
{
    public string Folder => "vision-language/clip";

    public IEnumerable<ConformanceCase> Cases(string folder)
    {
        foreach (var variant in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var golden = new Golden(variant);
            var name = Path.GetFileName(variant);
            yield return new($"{name}/tokens", context => Tokens(golden, context));
            yield return new($"{name}/vision", context => Vision(golden, context));
            yield return new($"{name}/text", context => Text(golden, context));
            yield return new($"{name}/similarity", context => Similarity(golden, context));
            foreach (var loss in new[] { "grad_cosine_diagonal", "grad_cross_entropy" })
                yield return new($"{name}/{loss}", context => Gradient(golden, context, loss));
        }
    }

    private static CLIPModel Load(Golden golden) => CLIPModel.Load(golden.Snapshot(), TorchPlacement.Cpu);

    private static void Tokens(Golden golden, CaseContext context)
    {
        var tokenizer = ClipTokenizer.Load(golden.Snapshot());
        var texts = Golden.Texts(golden.Json.GetProperty("texts"));
        var length = (int)golden.Tensor("input_ids").shape[1];
        context.EqualSequence("ids", golden.Tensor("input_ids").ToInt64s(), texts.SelectMany(text => tokenizer.EncodePadded(text, length).Ids)
            .Select(id => (long)id));
    }

    private static void Vision(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var output = model.EncodeImage(golden.Pixels());
        golden.Near(context, "act.vision_model.embeddings", output.Embeddings);
        golden.Near(context, "act.vision_model.pre_layrnorm", output.HiddenStates[0]);
        Layers(golden, context, "act.vision_model.encoder.layers.", output.HiddenStates);
        golden.Near(context, "vision_last_hidden_state", output.LastHiddenState);
        golden.Near(context, "vision_pooler_output", output.PooledOutput);
    }

    private static void Text(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        golden.Near(context, "text_last_hidden_state_no_mask", model.EncodeText(golden.Tensor("input_ids")).LastHiddenState);
        // the masked run was cut to the longest text
        var length = golden.Tensor("text_last_hidden_state").shape[1];
        var output = model.EncodeText(golden.Tensor("input_ids").narrow(1, 0, length), golden.Tensor("attention_mask").narrow(1, 0, length));
        golden.Near(context, "act.text_model.embeddings", output.HiddenStates[0]);
        Layers(golden, context, "act.text_model.encoder.layers.", output.HiddenStates);
        golden.Near(context, "text_last_hidden_state", output.LastHiddenState);
        golden.Near(context, "text_pooler_output", output.PooledOutput);
    }

    private static void Layers(Golden golden, CaseContext context, string prefix, IReadOnlyList<Tensor> states)
    {
        for (var i = 1; i < states.Count; i++)
        {
            if (golden.Has($"{prefix}{i - 1}"))
                golden.Near(context, $"{prefix}{i - 1}", states[i]);
        }
    }

    private static void Similarity(Golden golden, CaseContext context)
    {
        using var model = Load(golden);
        using var grad = no_grad();
        var image = model.ImageFeatures(golden.Pixels());
        var text = model.TextFeatures(golden.Tensor("input_ids"));
        golden.Near(context, "image_features", image);
        golden.Near(context, "text_features", text);
        var (imageRows, textRows) = (FeatureCosine.Normalize(image), FeatureCosine.Normalize(text));
        golden.Near(context, "image_embeds", imageRows);
        golden.Near(context, "text_embeds", textRows);
        var cosine = imageRows.mm(textRows.t());
        golden.Near(context, "cosine", cosine);
        golden.Near(context, "logits_per_image", cosine.mul(model.LogitScale));
    }

    private static void Gradient(Golden golden, CaseContext context, string name)
    {
        using var model = Load(golden);
        var pixels = golden.Pixels(gradient: true);
        var image = model.ImageFeatures(pixels);
        var text = model.TextFeatures(golden.Tensor("input_ids"));
        var count = image.shape[0];
        var loss = name == "grad_cosine_diagonal"
            ? FeatureCosine.Of(image, text.narrow(0, 0, count)).sum()
            : nn.functional.cross_entropy(FeatureCosine.Normalize(image).mm(FeatureCosine.Normalize(text).t()).mul(model.LogitScale),
                arange(Scalars.Of(count)));
        golden.NearGradient(context, $"{name}_pixel_values", loss, pixels);
    }
}
