namespace Realign.Gateway.Backends;

/// <summary>Generators that a call draws with; they count as busy until it is disposed.</summary>
/// <param name="generators">At least one.</param>
/// <param name="release">Gives them back.</param>
internal sealed class GeneratorLease(IReadOnlyList<GeneratorBackend> generators, Action release) : IDisposable
{
    public IReadOnlyList<GeneratorBackend> Generators { get; } = generators;

    public void Dispose() => release();
}
