using System.Net;

namespace Realign.Cli.Page;

/// <summary>What is put into the page: text of strangers as text, pictures as part of the page.</summary>
internal static class HtmlText
{
    public static string Encode(string text) => WebUtility.HtmlEncode(text);

    public static string DataUri(ReadOnlySpan<byte> png) => $"data:image/png;base64,{Convert.ToBase64String(png)}";

    public static string Picture(string alt, ReadOnlySpan<byte> png) => $"""<img class="pixels" alt="{Encode(alt)}" src="{DataUri(png)}">""";
}
