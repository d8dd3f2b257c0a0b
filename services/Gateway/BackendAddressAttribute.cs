using System.ComponentModel.DataAnnotations;
using Realign.Balancing.Addresses;

namespace Realign.Gateway;

/// <summary>One or several addresses that gRPC can be spoken to at; see <see cref="ServiceAddress"/>.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class BackendAddressAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        var problem = value is string text ? ServiceAddress.Read(text, out _) : $"'{value}' is not an address";
        return problem is null
            ? ValidationResult.Success
            : new ValidationResult(
                $"{validationContext.DisplayName}: {problem}; write it like http://127.0.0.1:5101, several with commas between them, "
                + "or dns:///name:5101, with TLS https:// or dns+https:///",
                [validationContext.MemberName ?? ""]);
    }
}
