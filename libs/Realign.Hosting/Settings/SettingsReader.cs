using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Settings;

/// <summary>
/// Reads a section into an options object. What cannot be read, and what nobody reads, is reported together with what the validators
/// find, where the framework's binder would stop at the first value or pass over a misspelt name.
/// </summary>
internal sealed class SettingsReader<TOptions>(IConfiguration configuration, string section) : IConfigureOptions<TOptions>, IValidateOptions<TOptions>
    where TOptions : class
{
    public void Configure(TOptions options) => _ = Read(configuration.GetSection(section), options);

    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var failures = Read(configuration.GetSection(section), options);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static List<string> Read(IConfigurationSection section, object target)
    {
        var failures = new List<string>();
        var properties = target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance);
        foreach (var entry in section.GetChildren())
        {
            var property = Array.Find(properties, candidate => candidate.Name.Equals(entry.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                failures.Add($"{entry.Path}: there is no such setting. Use one of {string.Join(", ", properties.Select(known => known.Name))}");
                continue;
            }

            if (IsGroup(property.PropertyType))
            {
                failures.AddRange(Read(entry, property.GetValue(target)!));
                continue;
            }

            try
            {
                property.SetValue(target, entry.Get(property.PropertyType));
            }
            catch (InvalidOperationException)
            {
                failures.Add($"{entry.Path} = '{entry.Value}': {Expected(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType)}");
            }
        }

        return failures;
    }

    private static bool IsGroup(Type type) => type.IsClass && type != typeof(string);

    private static string Expected(Type type) => type switch
    {
        { IsEnum: true } => $"use one of {string.Join(", ", Enum.GetNames(type))}",
        _ when type == typeof(bool) => "use true or false",
        _ when type == typeof(double) || type == typeof(float) => "not a number",
        _ => $"not a whole number from {type.GetField("MinValue")?.GetValue(null)} to {type.GetField("MaxValue")?.GetValue(null)}",
    };
}
