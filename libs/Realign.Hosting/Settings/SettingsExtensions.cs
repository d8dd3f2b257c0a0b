using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Realign.Hosting.Settings;

/// <summary>Settings of a service.</summary>
public static class SettingsExtensions
{
    /// <summary>Reads a section into options that are checked when the process starts.</summary>
    /// <param name="services">Where.</param>
    /// <param name="section">Name of the section.</param>
    public static IServiceCollection AddSettings<TOptions, TValidator>(this IServiceCollection services, string section)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TOptions>, TValidator>());
        services.AddSingleton<IConfigureOptions<TOptions>>(provider => new SettingsReader<TOptions>(provider.GetRequiredService<IConfiguration>(), section));
        services.AddSingleton<IValidateOptions<TOptions>>(provider => new SettingsReader<TOptions>(provider.GetRequiredService<IConfiguration>(), section));
        return services;
    }
}
