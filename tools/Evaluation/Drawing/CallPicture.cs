using Realign.V1;

namespace Realign.Evaluation.Drawing;

/// <summary>One image of a Realign call.</summary>
/// <param name="Attempt">The attempt it comes from, from 1.</param>
/// <param name="Picture">Which of its images.</param>
/// <param name="Png">PNG.</param>
/// <param name="Verification">What the Gateway sees in it; null where it was not verified.</param>
internal sealed record CallPicture(int Attempt, PictureKind Picture, byte[] Png, Verification? Verification);
