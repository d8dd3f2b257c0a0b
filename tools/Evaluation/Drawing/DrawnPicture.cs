using Realign.Evaluation.Reading;

namespace Realign.Evaluation.Drawing;

/// <summary>The picture of one arm.</summary>
/// <param name="Png">PNG.</param>
/// <param name="Refined">Whether it is a refined one.</param>
/// <param name="Attempt">The attempt it comes from, from 1.</param>
/// <param name="AttemptsMade">Attempts that were made to get it.</param>
/// <param name="Milliseconds">Milliseconds until it was there.</param>
/// <param name="Verification">The Gateway's verification of it; null where it made none.</param>
internal sealed record DrawnPicture(byte[] Png, bool Refined, int Attempt, int AttemptsMade, double Milliseconds, VerificationRecord? Verification);
