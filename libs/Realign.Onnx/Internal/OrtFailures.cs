using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using Realign.Core.Errors;

namespace Realign.Onnx.Internal;

/// <summary>The runtime's errors as ours. Its error code is only in its text, which begins with <c>[ErrorCode:Name]</c>.</summary>
internal static partial class OrtFailures
{
    public static string Code(OnnxRuntimeException exception) =>
        CodePattern().Match(exception.Message) is { Success: true } match ? match.Groups[1].Value : "Fail";

    /// <summary>Whether another optimization level may load the same file: not when it cannot even be read.</summary>
    public static bool MayDependOnOptimization(OnnxRuntimeException exception) =>
        Code(exception) is not ("NoSuchFile" or "InvalidProtobuf" or "NoModel") && !exception.Message.Contains("External data path", StringComparison.Ordinal);

    public static ModelLoadException Loading(string path, OnnxRuntimeException exception)
    {
        var text = Text(exception);
        var (problem, wayOut) = Code(exception) switch
        {
            "InvalidProtobuf" => ("not an ONNX graph, or cut off", "download the file again and compare its size with the publisher's"),
            "NotImplemented" => ($"an operator of the graph has no implementation on this device ({text})", "export the graph with an operator that has one"),
            _ when text.Contains("escapes", StringComparison.Ordinal) =>
                ("its weights are named outside its own folder", "put the data file beside the graph; a graph that reads other folders is refused"),
            _ when text.Contains("External data path", StringComparison.OrdinalIgnoreCase) =>
                ($"its external data file is missing ({text})", "put the data file (usually named model.onnx_data) beside the graph"),
            _ when text.Contains("xternal", StringComparison.Ordinal) || text.Contains("initializer.cc", StringComparison.Ordinal) =>
                ($"its external data file does not fit the graph ({text})", "download the data file again: it is cut off or belongs to another revision"),
            _ when text.Contains("opset", StringComparison.OrdinalIgnoreCase) || text.Contains("IR version", StringComparison.OrdinalIgnoreCase) =>
                ($"the graph is newer than this runtime ({text})", "export it with opset 17 to 22, or update the service"),
            _ when text.Contains("not a registered function/op", StringComparison.Ordinal) || text.Contains("No Op registered", StringComparison.Ordinal) =>
                ($"the graph uses an operator that this runtime does not have ({text})", "export it without custom operators"),
            _ => ($"the graph is not valid ({text})", "export or download it again"),
        };
        return new ModelLoadException(path, problem, wayOut, exception);
    }

    public static RealignException Running(string path, OnnxRuntimeException exception)
    {
        var text = Text(exception);
        if (text.Contains("Failed to allocate memory", StringComparison.OrdinalIgnoreCase) || text.Contains("bad_alloc", StringComparison.Ordinal))
        {
            return new ResourceExhaustedException($"memory ran out while {Path.GetFileName(path)} was run",
                "send a smaller image or fewer phrases, or give the service more memory", TimeSpan.FromSeconds(5));
        }

        return Code(exception) == "InvalidArgument"
            ? new InvalidInputException("input", Path.GetFileName(path), $"the graph does not take it ({text})",
                "check shapes and types against the graph's declaration")
            : new FailedPreconditionException($"{Path.GetFileName(path)} cannot be run on this input ({text})",
                "the export supports other sizes only: use an export with free axes, or the size it was made for");
    }

    /// <summary>The sentence without error codes, source positions and paths of the machine it was built or runs on.</summary>
    private static string Text(OnnxRuntimeException exception)
    {
        var text = NoisePattern().Replace(exception.Message, " ");
        text = PathPattern().Replace(text, match => Path.GetFileName(match.Value));
        text = SpacePattern().Replace(text, " ").Trim(' ', ':', '.');
        return text.Length <= 240 ? text : text[..237] + "...";
    }

    [GeneratedRegex(@"\[ErrorCode:(\w+)\]")]
    private static partial Regex CodePattern();

    [GeneratedRegex(@"\[ErrorCode:\w+\]|\[ONNXRuntimeError\] : \d+ : \w+ :|\S+\.(?:cc|h):\d+ .*?\) (?=\S)|Load model from \S+ failed:|Status Message:")]
    private static partial Regex NoisePattern();

    [GeneratedRegex(@"(?<![\w.])/[^\s""']+")]
    private static partial Regex PathPattern();

    [GeneratedRegex(@"\s+")]
    private static partial Regex SpacePattern();
}
