using Grpc.Core;

namespace Realign.Cli;

/// <summary>What the process ends with; listed by <c>realign --help</c>.</summary>
internal static class ExitCodes
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Usage = 2;
    public const int Unavailable = 3;
    public const int DeadlineExceeded = 4;

    /// <summary>The result is not verified, and <c>--require-verified</c> asked for one that is.</summary>
    public const int NotVerified = 4;

    public const int NotReady = 5;
    public const int Exhausted = 6;
    public const int Cancelled = 130;

    /// <summary>The list, as help prints it.</summary>
    public const string Help = """
        Exit codes:
          0    done
          1    the work failed
          2    wrong command line, or a value that a service refused
          3    the mesh, or a service of it, does not answer
          4    the deadline passed, or with --require-verified: the image does not show what the prompt demands
          5    a model is not loaded, or something named does not exist
          6    a queue is full, or a message is too large: try again later, or ask for less
          130  cancelled (Ctrl-C)
        """;

    public static int Of(StatusCode code) => code switch
    {
        StatusCode.OK => Success,
        StatusCode.InvalidArgument or StatusCode.OutOfRange => Usage,
        StatusCode.Unavailable or StatusCode.Unimplemented => Unavailable,
        StatusCode.DeadlineExceeded => DeadlineExceeded,
        StatusCode.FailedPrecondition or StatusCode.NotFound => NotReady,
        StatusCode.ResourceExhausted => Exhausted,
        StatusCode.Cancelled => Cancelled,
        _ => Failure,
    };
}
