using Grpc.Core;

namespace Realign.Cli.Benching;

/// <summary>One call that has ended. Times are counted from the beginning of the load.</summary>
/// <param name="Due">When it was to be made: later than that it waited for us, not for the service, and that counts all the same.</param>
/// <param name="Begun">When it was made.</param>
/// <param name="First">When its first message came; null = none came.</param>
/// <param name="Ended">When its status came.</param>
/// <param name="Code">Its status.</param>
/// <param name="Tenant">Whose it was; empty = nobody's.</param>
internal readonly record struct CallSample(TimeSpan Due, TimeSpan Begun, TimeSpan? First, TimeSpan Ended, StatusCode Code, string Tenant)
{
    /// <summary>What the caller waited, in milliseconds.</summary>
    public double Milliseconds => (Ended - Due).TotalMilliseconds;
}
