namespace Realign.Generator;

internal static partial class GeneratorLog
{
    [LoggerMessage(EventId = 200, Level = LogLevel.Information, Message = "a call may ask for {Pixels} pixels ({Source}); a pixel takes about {Bytes} bytes")]
    public static partial void Pixels(ILogger logger, long pixels, long bytes, string source);
}
