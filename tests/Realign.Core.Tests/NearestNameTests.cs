using Realign.Core.Text;
using Shouldly;
using Xunit;

namespace Realign.Core.Tests;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("conv_in.wieght", "conv_in.weight")]
    [InlineData("conv_in.weigh", "conv_in.weight")]
    [InlineData("conv_inn.weight", "conv_in.weight")]
    [InlineData("conv_in.offset", null)]
    [InlineData("abc", null)]
    [InlineData("", null)]
    public void Of_FewLettersAreWrong_IsTheNearest(string name, string? nearest) =>
        NearestName.Of(name, ["conv_out.weight", "conv_in.bias", "conv_in.weight", "abd"]).ShouldBe(nearest);
}
