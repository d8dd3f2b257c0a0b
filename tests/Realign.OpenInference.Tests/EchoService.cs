using Inference;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Realign.Core.Errors;
using Realign.Hosting;
using Realign.OpenInference.Models;
using Realign.Testing;

namespace Realign.OpenInference.Tests;

/// <summary>A service with the echo model, and what requests for it look like.</summary>
internal static class EchoService
{
    public static Task<TestService> StartAsync(params string[] settings) => TestService.StartAsync(Build, settings);

    public static WebApplication Build(string[] args)
    {
        var builder = ServiceHost.CreateBuilder(args, 0);
        builder.Services.AddModel("echo-host", _ => 4, (_, _) => new EchoModel.Weights("own"), loadFrom: (_, name, _) => File.Exists(name)
            ? new EchoModel.Weights(name)
            : throw new ModelLoadException(name, "nothing there", "name another"));
        builder.Services.AddOpenInference<EchoModel>();
        var app = builder.BuildService();
        app.MapOpenInference();
        return app;
    }

    public static EchoModel Model(this TestService service) => (EchoModel)service.Services.GetServices<IInferenceModel>().Single();

    public static ModelInferRequest Request(string? task = null)
    {
        var request = new ModelInferRequest { ModelName = "echo" };
        return task is null ? request : request.With("do", "BYTES", [1], InferMessages.Texts(task));
    }
}
