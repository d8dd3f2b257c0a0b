using Realign.V1;
using Shouldly;

namespace Realign.Tagger.Tests;

internal static class TagAssertions
{
    public static Tag ShouldHaveSingleItemNamed(this IEnumerable<Tag> tags, string name) => tags.Where(tag => tag.Name == name).ShouldHaveSingleItem();
}
