using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Realign.Cli.Tests;

/// <summary>Keys from the command line.</summary>
public sealed class KeysCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-keys").FullName;

    [Fact]
    public async Task New_AddsAnEntryThatHoldsTheHashAlone()
    {
        var file = Path.Combine(_folder, "keys.json");
        var alice = await Cli.RunAsync("keys", "new", "alice", "--scope", "scene-scorer", "--calls-per-minute", "5", "--megapixel-steps", "12.5",
            "--window-seconds", "60", "--adapter", "styles/*", "--adapter", "ink", "--embedding", "dog", "--file", file);
        var gateway = await Cli.RunAsync("keys", "new", "gateway", "--scope", "*", "--delegates", "--file", file);

        var keys = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!["keys"]!.AsArray();
        (alice.Code, gateway.Code).ShouldBe((0, 0));
        keys.Select(entry => entry!["name"]!.ToString()).ShouldBe(["alice", "gateway"]);
        (keys[0]!["megapixel_steps"]!.GetValue<double>(), keys[0]!["window_seconds"]!.GetValue<int>()).ShouldBe((12.5, 60));
        keys[0]!["adapters"]!.ToJsonString().ShouldBe("""["styles/*","ink"]""");
        keys[0]!["embeddings"]!.ToJsonString().ShouldBe("""["dog"]""");
        keys[0]!["sha256"]!.ToString().ShouldBe(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(alice.Output.Trim()))));
        (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).ShouldNotContain(alice.Output.Trim());
        (await Cli.RunAsync("keys", "new", "alice", "--scope", "*", "--file", file)).Error.ShouldContain("has a key of alice already");
    }

    [Fact]
    public async Task New_WithoutAFile_PrintsTheKeyAlone_AndTheEntryBesideIt()
    {
        var made = await Cli.RunAsync("keys", "new", "bob", "--scope", "gateway");

        made.Output.Trim().ShouldMatch("^rk_[A-Za-z0-9_-]{43}$");
        made.Error.ShouldContain("\"name\": \"bob\"");
        (await Cli.RunAsync("keys", "new", "bob", "--scope", "everything")).Code.ShouldNotBe(0);
        (await Cli.RunAsync("keys", "new", "bob", "--scope", "*", "--window-seconds", "5")).Error.ShouldContain("belongs to --megapixel-steps");
        (await Cli.RunAsync("keys", "new", "bob", "--scope", "*", "--megapixel-steps", "0")).Error.ShouldContain("more than 0");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
