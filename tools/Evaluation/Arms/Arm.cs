using Realign.V1;

namespace Realign.Evaluation.Arms;

/// <summary>One configuration that is compared with others.</summary>
/// <param name="Spec">As the user wrote it.</param>
/// <param name="Name">What it is called in the report.</param>
/// <param name="Kind">Which picture it takes.</param>
/// <param name="Attempts">Attempts at most; 1 unless <see cref="Kind"/> is <see cref="ArmKind.Attempts"/>.</param>
/// <param name="Draw">Sampling and adapters, without prompt and seed.</param>
/// <param name="Modulation">Settings of the fine stage.</param>
/// <param name="Gateway">Its Gateway; null = the one of the whole run.</param>
/// <param name="Generator">For <see cref="ArmKind.Base"/>: its Generator; null = that of the Gateway.</param>
internal sealed record Arm(
    string Spec, string Name, ArmKind Kind, int Attempts, GenerateRequest Draw, Modulation Modulation, string? Gateway, string? Generator);
