using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Realign.Core.Errors;
using Realign.Core.Files;
using Realign.Onnx.Files;
using Realign.Onnx.Internal;

namespace Realign.Onnx;

/// <summary>
/// A graph, opened from its file so that external data beside it is found. Safe for concurrent runs. The only class that talks to
/// ONNX Runtime.
/// </summary>
public sealed class OnnxModel : IDisposable
{
    private static readonly GraphOptimizationLevel[] Levels =
    [
        GraphOptimizationLevel.ORT_ENABLE_ALL, GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
        GraphOptimizationLevel.ORT_ENABLE_BASIC, GraphOptimizationLevel.ORT_DISABLE_ALL,
    ];

    private readonly InferenceSession _session;
    private readonly Dictionary<string, OnnxValueInfo> _inputs;

    private OnnxModel(string path, InferenceSession session, string? warning)
    {
        Path = path;
        Warning = warning;
        _session = session;
        _inputs = new Dictionary<string, OnnxValueInfo>(StringComparer.Ordinal);
        foreach (var name in session.InputNames)
            _inputs.Add(name, Describe(name, session.InputMetadata[name], isOptional: false));
        foreach (var (name, metadata) in session.OverridableInitializerMetadata)
            _inputs.Add(name, Describe(name, metadata, isOptional: true));
        Outputs = [.. session.OutputNames.Select(name => Describe(name, session.OutputMetadata[name], isOptional: false))];
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Inputs in the graph's order, the optional ones last.</summary>
    public IReadOnlyCollection<OnnxValueInfo> Inputs => _inputs.Values;

    /// <summary>Outputs in the graph's order.</summary>
    public IReadOnlyList<OnnxValueInfo> Outputs { get; }

    /// <summary>What was odd while loading, for the log; null when nothing was.</summary>
    public string? Warning { get; }

    /// <summary>Opens a graph. A valid graph that the runtime's optimizer trips over is tried again with less optimization.</summary>
    /// <exception cref="ModelLoadException">The file is missing, cut off, not a graph, or needs what this runtime does not have.</exception>
    /// <exception cref="FailedPreconditionException">The device is not available.</exception>
    public static OnnxModel Open(string path, OnnxModelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        var graph = OnnxGraphFile.Open(path);
        if (graph.Problems.Count > 0)
            throw new ModelLoadException(path, graph.Problems, OnnxGraphFile.WayOut);
        var files = graph.Files.Select(ModelFile.Find).ToList();
        options ??= new OnnxModelOptions();
        _ = OrtEnvironment.Instance;
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var settings = Settings(options, Levels[attempt]);
                var model = new OnnxModel(path, new InferenceSession(path, settings),
                    attempt == 0 ? null : $"the runtime's optimizer fails on this graph; it runs at level {Levels[attempt]}");
                RequireUnchanged(files, model);
                return model;
            }
            catch (OnnxRuntimeException exception)
            {
                if (attempt + 1 == Levels.Length || !OrtFailures.MayDependOnOptimization(exception))
                    throw OrtFailures.Loading(path, exception);
            }
        }
    }

    /// <summary>Whether the graph has an input of this name.</summary>
    public bool HasInput(string name) => _inputs.ContainsKey(name);

    /// <summary>Declaration of an input.</summary>
    /// <exception cref="ModelLoadException">There is none of this name.</exception>
    public OnnxValueInfo Input(string name) => _inputs.TryGetValue(name, out var info)
        ? info
        : throw new ModelLoadException(Path, $"input '{name}' is missing; the graph has {string.Join(", ", _inputs.Keys)}",
            "use an export with the published names");

    /// <summary>Declaration of an output.</summary>
    /// <exception cref="ModelLoadException">There is none of this name.</exception>
    public OnnxValueInfo Output(string name) => Outputs.FirstOrDefault(output => output.Name == name)
        ?? throw new ModelLoadException(Path, $"output '{name}' is missing; the graph has {string.Join(", ", Outputs.Select(output => output.Name))}",
            "use an export with the published names");

    /// <summary>Runs the graph on the calling thread.</summary>
    /// <param name="inputs">Tensors by input name.</param>
    /// <param name="outputs">Names of the outputs wanted; null = all.</param>
    /// <param name="cancellationToken">Ends the run between two operators.</param>
    /// <returns>Tensors by output name, with the shapes the run gave, not the declared ones.</returns>
    /// <exception cref="InvalidInputException">Names, types or shapes do not fit the graph.</exception>
    /// <exception cref="FailedPreconditionException">The graph fails on these values.</exception>
    /// <exception cref="ResourceExhaustedException">Memory ran out.</exception>
    /// <exception cref="OperationCanceledException">The token fired.</exception>
    public IReadOnlyDictionary<string, OnnxTensor> Run(
        IReadOnlyDictionary<string, OnnxTensor> inputs, IReadOnlyList<string>? outputs, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        InputCheck.Check(_inputs, inputs);
        var outputNames = outputs ?? [.. Outputs.Select(output => output.Name)];
        foreach (var name in outputNames)
            _ = Output(name);
        cancellationToken.ThrowIfCancellationRequested();

        var handles = new List<GCHandle>(inputs.Count);
        var values = new List<OrtValue>(inputs.Count);
        try
        {
            foreach (var tensor in inputs.Values)
            {
                handles.Add(tensor.Pin());
                values.Add(OrtValue.CreateTensorValueWithData(OrtMemoryInfo.DefaultInstance, ElementTypes.ToRuntime(tensor.ElementType),
                    [.. tensor.Shape], handles[^1].AddrOfPinnedObject(), tensor.RawBytes().Length));
            }

            using var runOptions = new RunOptions();
            using var registration = cancellationToken.Register(() => runOptions.Terminate = true);
            using var results = _session.Run(runOptions, [.. inputs.Keys], values, outputNames);
            var tensors = new Dictionary<string, OnnxTensor>(outputNames.Count, StringComparer.Ordinal);
            for (var i = 0; i < outputNames.Count; i++)
                tensors[outputNames[i]] = Copy(results[i], outputNames[i]);
            return tensors;
        }
        catch (OnnxRuntimeException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw OrtFailures.Running(Path, exception);
        }
        finally
        {
            values.ForEach(value => value.Dispose());
            handles.ForEach(handle => handle.Free());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private static void RequireUnchanged(List<ModelFile> files, OnnxModel model)
    {
        try
        {
            files.ForEach(file => file.RequireUnchanged());
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static SessionOptions Settings(OnnxModelOptions options, GraphOptimizationLevel level)
    {
        var settings = new SessionOptions
        {
            IntraOpNumThreads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            GraphOptimizationLevel = level,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        // several services share the cores: idle workers that spin would take them from the others
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        if (options.Device != OnnxDevice.Cuda)
            return settings;
        try
        {
            settings.AppendExecutionProvider_CUDA(0);
            return settings;
        }
        catch (Exception exception) when (exception is EntryPointNotFoundException or DllNotFoundException or OnnxRuntimeException)
        {
            settings.Dispose();
            throw new FailedPreconditionException(
                "device cuda: ONNX Runtime of this build has no CUDA provider, or the machine has no usable GPU",
                "build with -p:Accelerator=cuda and install the CUDA libraries, or set the device to cpu");
        }
    }

    private static OnnxValueInfo Describe(string name, NodeMetadata metadata, bool isOptional) => metadata.IsTensor
        ? new OnnxValueInfo(name, ElementTypes.FromRuntime(metadata.ElementDataType),
            [.. metadata.Dimensions.Select(size => size < 0 ? (long?)null : size)], [.. metadata.SymbolicDimensions], isOptional)
        : new OnnxValueInfo(name, OnnxElementType.Unsupported, [], [], isOptional);

    private OnnxTensor Copy(OrtValue value, string name)
    {
        if (!value.IsTensor)
            throw new FailedPreconditionException($"output '{name}' of {System.IO.Path.GetFileName(Path)} is not a dense tensor", "use another export");
        var info = value.GetTensorTypeAndShape();
        var type = ElementTypes.FromRuntime(info.ElementDataType);
        if (type == OnnxElementType.Unsupported)
            throw new FailedPreconditionException($"output '{name}' of {System.IO.Path.GetFileName(Path)} is {info.ElementDataType}, which is not read",
                "use an export with float outputs");
        var tensor = OnnxTensor.Allocate(type, info.Shape);
        if (tensor.Count > 0)
            value.GetTensorMutableRawData().CopyTo(tensor.RawBytes());
        return tensor;
    }
}
