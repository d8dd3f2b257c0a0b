using Shouldly;
using Xunit;

namespace Realign.Rewards.Tests;

/// <summary>The tag reward of FineRewards: strict reading, published digit sum.</summary>
public sealed class TagRewardTests
{
    [Theory]
    [InlineData("cat:3,dog:1", 0.5, 0.0, 0.0)]
    [InlineData("1. cat:3, dog:1", 0.125, -0.25, 0.25)]
    [InlineData("cat:10,dog:1", 0.125, -0.25, -0.5)]
    [InlineData("cat:3,cat:1,dog:2", 0.625, 0.25, 0.5)]
    [InlineData("", 0.25, 0.0, -1.0)]
    public void Reply_IsReadStrictly_WhateverItsDigits(string reply, double precision, double published, double digits)
    {
        var reward = TagReward.Parse(reply, ["cat", "dog"]);

        reward.Precision.ShouldBe(precision, 1e-12);
        reward.OnPublishedScale!.Value.ShouldBe(published, 1e-12);
        TagReward.FromReplyDigits(reply, 2)!.Value.ShouldBe(digits, 1e-12);
    }

    [Fact]
    public void UnscoredTag_IsPossible_AndReported()
    {
        var reward = TagReward.Parse("cat:3,bird:1", ["cat", "dog"]);

        reward.Scores.ShouldBe([2, 0.5]);
        reward.Classes.ShouldBe([3, 2]);
        reward.Unmatched.ShouldBe(["dog"]);
    }

    [Fact]
    public void NoTags_AreWorthNothing()
    {
        var reward = TagReward.Parse("cat:3", []);

        reward.Precision.ShouldBe(0);
        reward.OnPublishedScale.ShouldBeNull();
        TagReward.FromReplyDigits("cat:3", 0).ShouldBeNull();
    }

    [Fact]
    public void F1_NeedsBothSides()
    {
        TagReward.Recall(["cat", "dog", "cat"], ["dog"]).ShouldBe(0.5);
        TagReward.Recall([], ["dog"]).ShouldBe(0);
        TagReward.F1(1, 0).ShouldBe(0);
        TagReward.F1(0, 0).ShouldBe(0);
        TagReward.F1(0.5, 1).ShouldBe(2.0 / 3, 1e-12);
    }
}
