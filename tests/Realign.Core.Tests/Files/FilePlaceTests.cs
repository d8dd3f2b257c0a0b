using Realign.Core.Files;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests.Files;

public sealed class FilePlaceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-place").FullName;

    [Theory]
    [InlineData("adapters", "adapters/own", true)]
    [InlineData("adapters", "adapters/inside", true)]
    [InlineData("shelf", "shelf/own", true)]
    [InlineData("shelf", "shelf/inside", true)]
    [InlineData("model/snapshots/main", "model/snapshots/main/cached", true)]
    [InlineData("adapters", "adapters/outside", false)]
    [InlineData("shelf", "shelf/outside", false)]
    [InlineData("model/snapshots/main", "model/snapshots/main/outside", false)]
    [InlineData("adapters", "adapters/circle", false)]
    [InlineData("adapt", "adapters/own", false)]
    public void IsInside_FollowsLinksOfFilesAndFolders(string folder, string path, bool expected)
    {
        foreach (var name in new[] { "adapters", "adapt", "other", "model/blobs", "model/snapshots/main" })
            Directory.CreateDirectory(At(name));
        foreach (var name in new[] { "adapters/own", "other/file", "model/blobs/1234" })
            File.WriteAllText(At(name), "x");
        Directory.CreateSymbolicLink(At("shelf"), "adapters");
        File.CreateSymbolicLink(At("adapters/inside"), "own");
        File.CreateSymbolicLink(At("adapters/outside"), "../other/file");
        File.CreateSymbolicLink(At("adapters/circle"), "circle");
        File.CreateSymbolicLink(At("model/snapshots/main/cached"), "../../blobs/1234");
        File.CreateSymbolicLink(At("model/snapshots/main/outside"), "../../../other/file");

        FilePlace.IsInside(At(folder), At(path)).ShouldBe(expected);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string At(string name) => Path.Combine(_folder, name);
}
