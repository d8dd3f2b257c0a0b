using Realign.Core.Errors;
using Realign.Grounding.Images;
using Realign.Grounding.Tagging;
using Shouldly;
using Xunit;

namespace Realign.Grounding.Tests;

/// <summary>Which tags a tagger gives: thresholds, deletions, and the files they come from; and the sizes models take pictures in.</summary>
public sealed class TagTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("realign-tags").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Select_ProbabilityEqualToTheThreshold_IsNotGiven()
    {
        // sigmoid(0) is 0.5 exactly
        TagScores.Select([0, 0, 5, 5], [0.5f, 0.4999f, 0.5f, 1], new HashSet<int>()).ShouldBe([1, 2]);
        TagScores.Select([5, 5], [0.5f, 0.5f], new HashSet<int> { 0 }).ShouldBe([1]);
        Should.Throw<ArgumentOutOfRangeException>(() => TagScores.Select([1], [], new HashSet<int>()));
    }

    [Fact]
    public void Load_ShortThresholdFile_TheRestHasTheDefault()
    {
        Write("ram_tag_list.txt", "car\r\ncat \nblack and white");
        Write("ram_tag_list_threshold.txt", "0.5\n1\n");
        Write("ram_tag_list_delete.txt", "black and white\n");

        var list = TagList.Load(_folder);

        list.Names.ShouldBe(["car", "cat ", "black and white"]);
        list.Thresholds.ShouldBe([0.5f, 1, TagList.DefaultThreshold]);
        list.Deleted.ShouldBe([2]);
    }

    [Fact]
    public void Load_DeletionsAsNumbers_AreIndices()
    {
        Write("tag2text_ori_tag_list.txt", "car\ncat\ndog\n");
        Write("delete_tag_index.txt", "2\n0\n");

        TagList.Load(_folder).Deleted.Order().ShouldBe([0, 2]);
    }

    [Fact]
    public void Load_FilesThatDisagree_EveryProblemIsNamed()
    {
        Write("tags.txt", "car\ncat");
        Write("thresholds.txt", "0.5\n1.5\n0.1");
        Write("delete_tag_index.txt", "horse");

        var problems = Should.Throw<ModelLoadException>(() => TagList.Load(_folder)).Problems;

        problems.Count.ShouldBe(3);
        problems.ShouldContain(problem => problem.Contains("3 lines for 2 tags", StringComparison.Ordinal));
        problems.ShouldContain(problem => problem.Contains("line 2: '1.5'", StringComparison.Ordinal));
        problems.ShouldContain(problem => problem.Contains("'horse' is not in the tag list", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_NoList_SaysWhichFilesWouldDo() =>
        Should.Throw<ModelLoadException>(() => TagList.Load(_folder)).Message.ShouldContain("ram_tag_list.txt");

    [Theory]
    [InlineData(640, 480, 800, 1333, 1066, 800)]
    [InlineData(480, 640, 800, 1333, 800, 1066)]
    [InlineData(2000, 500, 800, 1333, 1333, 333)] // the long edge is the limit
    [InlineData(800, 1000, 800, 1333, 800, 1000)] // nothing to do
    public void ShortestEdge_WithALimitOnTheLongest(int width, int height, int shortest, int longest, int newWidth, int newHeight) =>
        SizeRules.ShortestEdge(width, height, shortest, longest).ShouldBe((newWidth, newHeight));

    [Theory]
    [InlineData(640, 480, 1024, 1024, 768)]
    [InlineData(100, 301, 1024, 340, 1024)] // 340.2
    [InlineData(1, 3000, 1024, 0, 1024)]
    public void LongestEdge_IsRoundedHalfUp(int width, int height, int longest, int newWidth, int newHeight) =>
        SizeRules.LongestEdge(width, height, longest).ShouldBe((newWidth, newHeight));

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);
}
