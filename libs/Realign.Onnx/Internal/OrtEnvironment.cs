using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Realign.Onnx.Internal;

/// <summary>The process-wide environment of the runtime, created once with telemetry off and native logging limited to errors.</summary>
internal static partial class OrtEnvironment
{
    private static readonly Lazy<OrtEnv> Shared = new(Create);

    public static OrtEnv Instance => Shared.Value;

    /// <summary>
    /// The runtime reports usage from Linux too (microsoft/onnxruntime #27379): creating its environment reads machine identifiers
    /// and writes to the cache folder, unless this variable is set before. <see cref="Environment.SetEnvironmentVariable(string, string)"/>
    /// does not reach native code, so libc is asked directly, before any type of the runtime is touched.
    /// </summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "must run before the native library is loaded")]
    internal static void OptOutOfTelemetry() => _ = SetEnv("ORT_DISABLE_TELEMETRY", "1", 1);

    private static OrtEnv Create()
    {
        var options = new EnvironmentCreationOptions { logId = "realign", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        var environment = OrtEnv.CreateInstanceWithOptions(ref options);
        environment.DisableTelemetryEvents();
        return environment;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
