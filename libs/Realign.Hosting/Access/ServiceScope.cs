namespace Realign.Hosting.Access;

/// <summary>The scope that a key needs for a service whose proto does not tell, as endpoint metadata.</summary>
/// <param name="Name">One of <see cref="Core.Calls.AccessScopes"/>.</param>
public sealed record ServiceScope(string Name);
