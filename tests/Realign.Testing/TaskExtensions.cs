using System.Runtime.CompilerServices;

namespace Realign.Testing;

/// <summary>Nothing in a test waits for ever.</summary>
public static class TaskExtensions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Fails with file and line when the task takes longer than a minute.</summary>
    public static async Task<T> DefaultTimeout<T>(this Task<T> task, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        await Watch(task, file, line);
        return await task;
    }

    /// <summary>Fails with file and line when the task takes longer than a minute.</summary>
    public static async Task DefaultTimeout(this Task task, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        await Watch(task, file, line);
        await task;
    }

    private static async Task Watch(Task task, string file, int line)
    {
        try
        {
            await task.WaitAsync(Limit);
        }
        catch (TimeoutException) when (!task.IsCompleted)
        {
            throw new TimeoutException($"nothing happened within {Limit.TotalSeconds:0} s at {Path.GetFileName(file)}:{line}");
        }
    }
}
