using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Realign.Hosting.Settings;

/// <summary>An IP address.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class IPAddressAttribute : ValidationAttribute
{
    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && IPAddress.TryParse(text, out _)
            ? ValidationResult.Success
            : new ValidationResult(
                $"{validationContext.DisplayName} = '{value}' is not an IP address; write it like 127.0.0.1 or 0.0.0.0", [validationContext.MemberName ?? ""]);
}
