namespace Realign.Hosting.Access;

/// <summary>The scope that a key needs for a method, instead of that of its service.</summary>
/// <param name="name">One of <see cref="Core.Calls.AccessScopes"/>.</param>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RequiredScopeAttribute(string name) : Attribute
{
    /// <summary>The scope.</summary>
    public string Name => name;
}
