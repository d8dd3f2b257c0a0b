using System.Globalization;
using Realign.Cli.Page;

namespace Realign.Cli.Realigning;

/// <summary>The files of one call: the result, how it came about, and where there were several attempts, the images of each.</summary>
internal static class ResultFolder
{
    /// <summary>Writes them; what else is in the folder stays.</summary>
    /// <returns>The files that were written.</returns>
    public static async Task<IReadOnlyList<string>> WriteAsync(RealignRecord record, string folder, string sameAgain, CancellationToken cancellationToken)
    {
        var files = new List<string>();
        var heatMaps = record.HeatMapsPng();
        await WriteAsync("result.png", record.Result.Png.ToByteArray());
        await WriteAsync("coarse.png", record.Coarse.Images[0].Png.ToByteArray());
        await WriteAsync("refined.png", record.RefinedPng.ToByteArray());
        await WriteAsync("masks.png", record.MasksPng());
        if (heatMaps is not null)
            await WriteAsync("heatmaps.png", heatMaps);
        foreach (var attempt in record.Attempts.Where(_ => record.Attempts.Count > 1))
        {
            foreach (var (picture, png, _) in attempt.Pictures())
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"attempt-{attempt.Number}/{picture.ToString().ToLowerInvariant()}.png");
                await WriteAsync(name, png.ToByteArray());
            }
        }

        await WriteAsync("stages.json", System.Text.Encoding.UTF8.GetBytes(Terminal.ToText(record.ToJson())));
        await WriteAsync("index.html", System.Text.Encoding.UTF8.GetBytes(ResultPage.Build(record, heatMaps, sameAgain)));
        return files;

        async Task WriteAsync(string name, byte[] content)
        {
            var path = Path.Combine(folder, name);
            _ = Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, content, cancellationToken);
            files.Add(path);
        }
    }
}
