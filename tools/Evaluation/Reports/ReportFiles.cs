using System.Text;
using System.Text.Json;
using Realign.Evaluation.Reading;
using Realign.Evaluation.Runs;

namespace Realign.Evaluation.Reports;

/// <summary>Writes <c>report.json</c>, <c>report.csv</c> and <c>index.html</c> into the run's folder.</summary>
internal static class ReportFiles
{
    /// <returns>Path of the page.</returns>
    public static string Write(string folder, RunReport report, IReadOnlyList<JudgedPicture> pictures)
    {
        var page = Path.Combine(folder, "index.html");
        RunFolder.WriteWhole(Path.Combine(folder, "report.json"), JsonSerializer.SerializeToUtf8Bytes(report, RunJson.Report));
        RunFolder.WriteWhole(Path.Combine(folder, "report.csv"), Encoding.UTF8.GetBytes(ReportTable.Csv(report)));
        RunFolder.WriteWhole(page, Encoding.UTF8.GetBytes(ReportPage.Build(report, pictures)));
        return page;
    }
}
