namespace Realign.Conformance.Suites.Onnx;

/// <summary>Models by their graph, each opened once for all cases of a suite: ONNX Runtime plans a large graph for seconds.</summary>
internal sealed class OpenGraphs<T>(Func<string, string, T> open) : IDisposable
    where T : IDisposable
{
    private readonly Dictionary<(string Folder, string Graph), T> _models = [];

    /// <summary>The model of a graph; it is not the caller's to dispose.</summary>
    /// <param name="folder">The suite's folder in the pack.</param>
    /// <param name="graph">The graph's file in it.</param>
    public T Get(string folder, string graph)
    {
        if (!_models.TryGetValue((folder, graph), out var model))
            _models[(folder, graph)] = model = open(folder, graph);
        return model;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var model in _models.Values)
            model.Dispose();
        _models.Clear();
    }
}
