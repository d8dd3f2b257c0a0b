using System.Text;
using Realign.Clip.Text;
using Realign.Core.Configs;
using Realign.Core.Errors;
using Realign.Diffusion.Schedulers;
using Realign.Diffusion.Snapshots;
using Realign.Diffusion.UNet;
using Realign.Diffusion.Vae;
using Realign.Testing;
using Realign.Torch;
using Shouldly;
using Xunit;

namespace Realign.Diffusion.Tests;

/// <summary>Damaged configs: one error that names file and field, never a crash.</summary>
public sealed class CorruptSnapshotTests
{
    [Theory]
    [InlineData("unet/config.json", "\"cross_attention_dim\": 128", "\"cross_attention_dim\": 64", "attn2.to_k.weight")]
    [InlineData("unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": 2", "missing key 'down_blocks.0.resnets.1.conv1.weight'")]
    [InlineData("unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": -1", "layers_per_block = -1")]
    [InlineData("unet/config.json", "\"layers_per_block\": 1", "\"layers_per_block\": 1e9", "layers_per_block")]
    [InlineData("unet/config.json", "\"attention_head_dim\": 4", "\"attention_head_dim\": 7", "not a multiple of its number of heads 7")]
    [InlineData("unet/config.json", "\"norm_num_groups\": 32", "\"norm_num_groups\": 31", "norm_num_groups 31")]
    [InlineData("unet/config.json", "\"dual_cross_attention\": false", "\"dual_cross_attention\": true", "dual_cross_attention = true is not implemented")]
    [InlineData("unet/config.json", "\"class_embed_type\": null", "\"class_embed_type\": \"timestep\"", "class_embed_type")]
    [InlineData("unet/config.json", "\"act_fn\": \"silu\"", "\"act_fn\": 3", "act_fn = 3 is not a text")]
    [InlineData("unet/config.json", "\"CrossAttnUpBlock2D\",", "\"AttnUpBlock2D\",", "'AttnUpBlock2D' is not implemented")]
    [InlineData("vae/config.json", "\"latent_channels\": 8", "\"latent_channels\": 4", "shape")]
    [InlineData("text_encoder/config.json", "\"hidden_act\": \"quick_gelu\"", "\"hidden_act\": \"gelu_new\"", "hidden_act = 'gelu_new'")]
    [InlineData("scheduler/scheduler_config.json", "\"scaled_linear\"", "\"cosine\"", "beta_schedule")]
    [InlineData("model_index.json", "\"StableDiffusionPipeline\"", "\"FluxPipeline\"", "FluxPipeline")]
    public void Load_ChangedValue_IsNamed(string file, string text, string by, string named)
    {
        using var copy = new ModelCopy("generator");
        File.ReadAllText(Path.Combine(copy.Path, file)).ShouldContain(text);
        copy.Rewrite(file, bytes => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(text, by, StringComparison.Ordinal)));
        TorchRuntime.Initialize(0);

        var failure = Should.Throw<ModelLoadException>(() => StableDiffusionSnapshot.Load(copy.Path, TorchPlacement.Cpu));

        failure.Message.ShouldContain(named);
        failure.Path.ShouldStartWith(copy.Path);
    }

    [Fact]
    public void ReadConfig_MutatedBytes_GivesAConfigOrOneClearError()
    {
        var root = Checkout.Miniature("generator");
        (string File, Action<ConfigReader> Read)[] readers =
        [
            ("unet/config.json", reader => UNet2DConditionConfig.Read(reader)),
            ("vae/config.json", reader => AutoencoderKLConfig.Read(reader)),
            ("text_encoder/config.json", reader => CLIPTextConfig.Read(reader)),
        ];
        var random = new Random(20);
        var refused = 0;
        foreach (var (file, read) in readers)
        {
            var original = File.ReadAllBytes(Path.Combine(root, file));
            for (var i = 0; i < 2000; i++)
                refused += Survives(() => read(ConfigReader.Parse(file, Mutate(original, random)))) ? 0 : 1;
        }

        var scheduler = File.ReadAllBytes(Path.Combine(root, "scheduler", "scheduler_config.json"));
        for (var i = 0; i < 2000; i++)
        {
            refused += Survives(() =>
            {
                var made = SchedulerConfig.Parse(Mutate(scheduler, random)).Create(SchedulerKind.DDIM);
                made.SetTimesteps(4);
            }) ? 0 : 1;
        }

        refused.ShouldBeInRange(1000, 7999);
    }

    private static bool Survives(Action read)
    {
        try
        {
            read();
            return true;
        }
        catch (ModelLoadException exception)
        {
            exception.Problems.ShouldNotBeEmpty();
            return false;
        }
        catch (InvalidInputException)
        {
            return false;
        }
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var mutant = original.ToArray();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var at = random.Next(mutant.Length);
            mutant[at] = random.Next(4) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)"0123456789-.eE\"[]{},:"[random.Next(21)],
                2 => mutant[random.Next(mutant.Length)],
                _ => (byte)(mutant[at] ^ (1 << random.Next(8))),
            };
        }

        return random.Next(10) == 0 ? mutant[..random.Next(mutant.Length)] : mutant;
    }
}
