using System.Diagnostics.Metrics;
using Realign.Hosting.Telemetry;

namespace Realign.Captioner.Telemetry;

/// <summary>Tokens of captions: those read, and those written.</summary>
internal sealed class TokenMetrics(IMeterFactory meters)
{
    private readonly Counter<long> _tokens = meters.Create(ServiceMetrics.Name).CreateCounter<long>("realign.tokens", null, "Tokens read and written.");

    /// <summary>Counts one caption.</summary>
    public void Captioned(string model, int prompt, int generated)
    {
        Add(prompt, "prompt");
        Add(generated, "generated");

        void Add(int count, string kind) => _tokens.Add(count, new("model", model), new("kind", kind));
    }
}
