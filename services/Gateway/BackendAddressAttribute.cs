using System.ComponentModel.DataAnnotations;

namespace Realign.Gateway;

/// <summary>An address gRPC can be spoken to at: http or https, host and port, nothing else.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BackendAddressAttribute : ValidationAttribute
{
    /// <summary>Whether several may stand there, with commas between them.</summary>
    public bool Several { get; init; }

    /// <summary>The addresses of a setting.</summary>
    public static IReadOnlyList<string> Split(string value) => value.Split(',', StringSplitOptions.TrimEntries);

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        if (value is not string text)
            return Wrong($"'{value}' is not an address");
        var addresses = Several ? Split(text) : [text];
        if (addresses.FirstOrDefault(address => !IsAddress(address)) is { } wrong)
            return Wrong($"'{wrong}' is not an address");
        return addresses.GroupBy(address => new Uri(address)).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? Wrong($"'{twice.Key}' stands there twice, and one service is one address")
            : ValidationResult.Success;

        ValidationResult Wrong(string problem) => new(
            $"{validationContext.DisplayName}: {problem}; write it like http://127.0.0.1:5101", [validationContext.MemberName ?? ""]);
    }

    private static bool IsAddress(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.AbsolutePath == "/" && uri.Query.Length == 0;
}
