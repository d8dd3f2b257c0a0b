using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Realign.Core.Threads;
using TorchSharp;

namespace Realign.Torch;

/// <summary>The one place where libtorch is set up: environment, threads, devices.</summary>
public static partial class TorchRuntime
{
    private static readonly Lock Gate = new();
    private static int _threads;

    /// <summary>
    /// Whether one thread computes an operator because the model is small, and there are more cores: two pieces of work at once use them, where they are to
    /// be had.
    /// </summary>
    public static bool HasSpareCores { get; private set; }

    /// <summary>Loads libtorch and sets the number of threads of one operator. Later calls with the same number do nothing.</summary>
    /// <param name="threads">Threads, at least 1; 0 = one for a small model, all cores for others.</param>
    /// <param name="weightBytes">Size of the models' weights.</param>
    public static void Initialize(int threads = 0, long weightBytes = long.MaxValue)
    {
        var wanted = ThreadCount.For(threads, weightBytes);
        lock (Gate)
        {
            HasSpareCores = threads == 0 && wanted == 1 && Environment.ProcessorCount > 1;
            if (wanted == _threads)
                return;
            if (_threads == 0)
                Prelink();
            torch.set_num_threads(wanted);
            _threads = wanted;
        }
    }

    /// <summary>
    /// Binds every native function now. TorchSharp does not keep temporary scalars alive during a call; binding a function at its
    /// first call allocates, and a collection at that moment frees the scalar that is about to be read.
    /// </summary>
    private static void Prelink()
    {
        var functions = typeof(torch).Assembly.GetTypes()
            .Where(type => type.Name == "NativeMethods")
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(method => method.Attributes.HasFlag(MethodAttributes.PinvokeImpl));
        foreach (var function in functions)
        {
            try
            {
                Marshal.Prelink(function);
            }
            catch (EntryPointNotFoundException)
            {
                // declared, but not exported by this build of libtorch: it fails with its own message if it is ever called
            }
        }
    }

    /// <summary>
    /// Spinning OpenMP threads slow blocks down many times on contended cores. libgomp reads this once, when it is loaded,
    /// and does not see <see cref="Environment.SetEnvironmentVariable(string, string)"/>.
    /// </summary>
    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "must run before libgomp is loaded")]
    internal static void SetEnvironment() => _ = SetEnv("OMP_WAIT_POLICY", "passive", 0);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnv(string name, string value, int overwrite);
}
