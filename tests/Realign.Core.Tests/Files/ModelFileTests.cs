using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Testing;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests.Files;

/// <summary>Sizing, opening and reading the files of a model.</summary>
public sealed class ModelFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Length_OfALink_IsThatOfTheFile()
    {
        _folder.Write("blobs/7d2f", new byte[5000]);
        var link = _folder.Link("snapshots/1/model.safetensors", "../../blobs/7d2f");

        ModelFile.Find(link).Length.ShouldBe(5000);
        ModelFile.LengthOf(link).ShouldBe(5000);
        ModelFile.ReadAllBytes(link, 10_000).Length.ShouldBe(5000);
        ModelFile.Find(link).Path.ShouldBe(link, "files beside it are looked for where it was named");
    }

    [Fact]
    public void LinkToNothing_SaysWhereItLeads() =>
        Refusal(() => ModelFile.Find(_folder.Link("model.safetensors", "../../blobs/7d2f"))).Problems.ShouldHaveSingleItem().ShouldContain("../../blobs/7d2f");

    [Fact]
    public async Task Pipe_IsRefusedWithoutWaitingForAWriter()
    {
        var pipe = _folder.Pipe("adapter.safetensors");

        var failure = await Task.Run(() => Refusal(() => ModelFile.ReadAllBytes(pipe, 10))).DefaultTimeout();

        failure.Problems.ShouldHaveSingleItem().ShouldContain("this is a pipe");
    }

    [Fact]
    public void Device_IsRefused() => Refusal(() => ModelFile.Find("/dev/zero")).Problems.ShouldHaveSingleItem().ShouldContain("device");

    [Fact]
    public void Folder_IsRefused() => Refusal(() => ModelFile.Find(_folder.Path)).Problems.ShouldHaveSingleItem().ShouldContain("folder");

    [Fact]
    public void Missing_IsRefused() => Refusal(() => ModelFile.Find(_folder.At("nothing"))).Problems.ShouldHaveSingleItem().ShouldContain("no such file");

    [Fact]
    public void LargerThanItsKind_IsRefused() =>
        Refusal(() => ModelFile.ReadAllBytes(_folder.Write("config.json", new byte[11]), 10)).Problems.ShouldHaveSingleItem().ShouldContain("11 bytes");

    [Fact]
    public void WrittenToWhileItIsRead_IsRefused()
    {
        var path = _folder.Write("a", new byte[100]);
        var file = ModelFile.Find(path);
        using var handle = file.Open();
        file.RequireUnchanged(handle);

        File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch);

        Refusal(() => file.RequireUnchanged(handle)).Problems.ShouldHaveSingleItem().ShouldContain("changed or replaced while it was read");
    }

    [Fact]
    public void ReplacedWhileItIsRead_IsRefused()
    {
        var path = _folder.Write("a", new byte[100]);
        var file = ModelFile.Find(path);
        using var handle = file.Open();

        File.Move(_folder.Write("b", new byte[100]), path, overwrite: true);

        Refusal(() => file.RequireUnchanged(handle)).Problems.ShouldHaveSingleItem().ShouldContain("changed or replaced");
        Refusal(() => file.Open()).Problems.ShouldHaveSingleItem().ShouldContain("changed or replaced");
    }

    [Fact]
    public void CutOffWhileItIsRead_IsRefused()
    {
        var path = _folder.Write("a", new byte[100]);
        var file = ModelFile.Find(path);
        using var handle = file.Open();

        File.WriteAllBytes(path, new byte[50]);

        Refusal(() => file.Read(handle, new byte[100], 0)).Problems.ShouldHaveSingleItem().ShouldContain("changed or replaced");
    }

    [Fact]
    public void Text_ComesWithoutItsByteOrderMark() => ModelText.Read(_folder.Write("config.json", "\uFEFF{}")).ShouldBe("{}"u8.ToArray());

    public void Dispose() => _folder.Dispose();

    private static ModelLoadException Refusal(Func<object> read) => Should.Throw<ModelLoadException>(read);

    private static ModelLoadException Refusal(Action read) => Should.Throw<ModelLoadException>(read);
}
