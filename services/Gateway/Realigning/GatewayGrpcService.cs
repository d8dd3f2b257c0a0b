using Grpc.Core;
using Realign.Core;
using Realign.Core.Errors;
using Realign.Gateway.Backends;
using Realign.Hosting.Access;
using Realign.V1;
using Realign.Wire.Prompts;
using Realign.Wire.Requests;

namespace Realign.Gateway.Realigning;

/// <summary>Checks what only the flow knows of; everything about sampling is checked by the Generator, which is asked first.</summary>
internal sealed class GatewayGrpcService(RealignFlow flow, MeshStatus mesh, AdapterListing adapters) : GatewayService.GatewayServiceBase
{
    public override Task Realign(RealignRequest request, IServerStreamWriter<RealignResponse> responseStream, ServerCallContext context)
    {
        if (request.Generate is not { } generate)
            throw new InvalidInputException("generate", "absent", "there is nothing to generate", "set generate.prompt");
        _ = PromptTexts.Prompt("generate.prompt", generate);
        _ = Require.Known("on_stage_failure", request.OnStageFailure);
        _ = Require.Known("accept", request.Accept);
        if (request.HasAttempts && Require.Range("attempts", request.Attempts, 1, Limits.Attempts) > 1 && request.Accept == Accept.Always)
        {
            throw new InvalidInputException("attempts", $"{request.Attempts}", "ACCEPT_ALWAYS takes the refined image of the one attempt",
                "leave attempts out, or accept with ACCEPT_VERIFIED");
        }
        if (generate.HasNumImages && generate.NumImages != 1)
        {
            throw new InvalidInputException(
                "generate.num_images", $"{generate.NumImages}", "one image is realigned per call", "leave it out, and send a call per seed");
        }
        if (generate.Modulation?.Segments.Count > 0)
        {
            throw new InvalidInputException("generate.modulation.segments", $"{generate.Modulation.Segments.Count} entries",
                "the flow finds the segments itself", "leave them out, or call Generate of the Generator with your own");
        }

        var rights = CallerRights.Of(context);
        rights.Require(generate.Adapters.Select(adapter => adapter.Name), generate.TextualInversions.Select(embedding => embedding.Name));
        rights.Spend(0);
        return flow.RunAsync(request, responseStream, rights, context.Deadline, context.CancellationToken);
    }

    public override async Task<GetMeshStatusResponse> GetMeshStatus(GetMeshStatusRequest request, ServerCallContext context)
    {
        var response = new GetMeshStatusResponse();
        response.Services.AddRange(await mesh.CheckAllAsync(context.CancellationToken));
        return response;
    }

    public override async Task<GatewayServiceListAdaptersResponse> ListAdapters(GatewayServiceListAdaptersRequest request, ServerCallContext context)
    {
        var rights = CallerRights.Of(context);
        var answer = await adapters.ReadAsync(context.Deadline, context.CancellationToken);
        return new GatewayServiceListAdaptersResponse { Adapters = { answer.Adapters.Where(adapter => rights.AllowsAdapter(adapter.Name)) } };
    }
}
