using Realign.Evaluation.Reading;
using Realign.V1;
using Realign.Wire.Verifications;

namespace Realign.Evaluation.Drawing;

/// <summary>What one Realign call brought: its result, its first image, and what it would have brought with fewer attempts.</summary>
internal sealed class RealignCallResult
{
    private readonly IReadOnlyList<RealignResponse> _events;
    private readonly List<CallPicture> _pictures = [];
    private readonly RealignResult _result;
    private readonly Demand? _demand;

    /// <summary>Reads the events of a call.</summary>
    /// <param name="address">The Gateway, for errors.</param>
    /// <param name="events">All of them, in order.</param>
    /// <exception cref="EvaluationException">The call ended without a result, or an attempt failed.</exception>
    public RealignCallResult(string address, IReadOnlyList<RealignResponse> events)
    {
        _events = events;
        _result = (events.Count > 0 ? events[^1].Result : null)
            ?? throw new EvaluationException($"{address} ended a call without a result: see its log", EvaluationException.Failure);
        if (_result.Accepted?.Reason is AcceptReason.AttemptFailed or AcceptReason.Deadline)
        {
            throw new EvaluationException($"{address}: {_result.Accepted.Text}. A picture of fewer attempts than the arm has is none of it: see the log of "
                + "the Gateway, and repeat the command to go on", EvaluationException.Failure);
        }

        _demand = events.Select(response => response.Demand).LastOrDefault(demand => demand is not null);
        foreach (var response in events)
        {
            if (response.Coarse is { } coarse)
                _pictures.Add(new CallPicture(AttemptOf(response), PictureKind.Coarse, coarse.Images[0].Png.ToByteArray(), null));
            else if (response.Refined is { } refined)
                _pictures.Add(new CallPicture(AttemptOf(response), PictureKind.Refined, refined.Images[0].Png.ToByteArray(), null));
            else if (response.Verification is { } verification)
                Verify(AttemptOf(response), verification);
        }
    }

    /// <summary>The first image.</summary>
    public DrawnPicture Coarse => Drawn(_pictures[0], 1, _result.Timings.Where(timing => timing.Stage == Stage.Coarse && timing.Attempt <= 1).Sum(timing =>
        timing.DurationMilliseconds));

    /// <summary>What the call ended with.</summary>
    public DrawnPicture Result => new(
        _result.Png.ToByteArray(), _result.Refined, Math.Max(1, _result.Accepted?.Attempt ?? 1), Math.Max(1, _result.Attempts.Count),
        _result.TotalMilliseconds, _result.Verification is { } verification ? VerificationRecord.Of(verification, _demand) : null);

    /// <summary>
    /// What the call would have ended with, had it had so many attempts at most; null where that cannot be told: attempts that ran side by side give one
    /// another up.
    /// </summary>
    /// <param name="attempts">At most as many as the call had.</param>
    /// <exception cref="EvaluationException">By the same rule the Gateway would have accepted another image than it did.</exception>
    public DrawnPicture? WithAttempts(int attempts)
    {
        if (_result.Accepted is not { } accepted || !IsOneAfterTheOther())
            return null;
        var own = Choose(int.MaxValue);
        if ((own.Attempt, own.Picture) != (accepted.Attempt, accepted.Picture))
        {
            throw new EvaluationException($"the Gateway accepted the {accepted.Picture} image of attempt {accepted.Attempt}, by the rule that this program "
                + $"knows it is the {own.Picture} one of attempt {own.Attempt}: use programs of one version, or --no-sharing", EvaluationException.Failure);
        }

        var best = Choose(attempts);
        return Drawn(best, Math.Min(attempts, _result.Attempts.Count), _result.Timings.Where(timing => timing.Attempt <= attempts)
            .Select(timing => timing.StartMilliseconds + timing.DurationMilliseconds).DefaultIfEmpty().Max());
    }

    private CallPicture Choose(int attempts) => _pictures.Where(picture => picture.Attempt <= attempts)
        .OrderByDescending(picture => picture.Verification, VerificationOrder.Instance)
        .ThenByDescending(picture => picture.Picture).ThenBy(picture => picture.Attempt).First();

    private DrawnPicture Drawn(CallPicture picture, int attemptsMade, double milliseconds) => new(
        picture.Png, picture.Picture == PictureKind.Refined, picture.Attempt, attemptsMade, milliseconds,
        picture.Verification is { } verification ? VerificationRecord.Of(verification, _demand) : null);

    /// <summary>Whether every attempt began after the one before it had ended.</summary>
    private bool IsOneAfterTheOther()
    {
        var latest = 0;
        foreach (var response in _events.Where(response => response.Attempt > 0))
        {
            if (response.Attempt < latest)
                return false;
            latest = response.Attempt;
        }

        return true;
    }

    private void Verify(int attempt, Verification verification)
    {
        var at = _pictures.FindIndex(picture => picture.Attempt == attempt && picture.Picture == verification.Picture);
        if (at >= 0)
            _pictures[at] = _pictures[at] with { Verification = verification };
    }

    private static int AttemptOf(RealignResponse response) => Math.Max(1, response.Attempt);
}
