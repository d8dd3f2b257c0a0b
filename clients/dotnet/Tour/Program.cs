// What a client of a Realign mesh does: status, a flow with progress, a reward with its gradient, an error with its details, a deadline, leaving.
// usage: realign-tour http://127.0.0.1:5100 [PROMPT]; prints what it saw as JSON. REALIGN_KEY is the key, where the mesh asks for one.
using System.Text.Json;
using Grpc.Core;
using Realign.Client;
using Realign.V1;

using var client = RealignClient.Connect(args[0], Environment.GetEnvironmentVariable("REALIGN_KEY"));
var prompt = args.ElementAtOrDefault(1) ?? "a red car and a pink elephant";

var status = await client.StatusAsync(TimeSpan.FromSeconds(10));

var stages = new List<string>();
var steps = 0;
RealignResult? result = null;
var request = new RealignRequest { Generate = new GenerateRequest { Prompt = prompt, Seed = 0 } };
await foreach (var step in client.RealignAsync(request, TimeSpan.FromMinutes(2)))
{
    if (step.EventCase == RealignResponse.EventOneofCase.Started)
        stages.Add($"STAGE_{step.Stage.ToString().ToUpperInvariant()}");
    steps += step.EventCase == RealignResponse.EventOneofCase.Progress ? 1 : 0;
    result = step.Result ?? result;
}

var scored = await client.ScoreAsync(new ScoreRequest
{
    Items = { new ScoreItem { Prompt = prompt, Image = new Image { Encoded = result!.Png } } },
    Rewards = { new RewardSpec { Kind = RewardKind.Likelihood } },
    Gradient = new GradientOptions { DataType = DataType.Float32 },
});

CallFailure? refused = null;
try
{
    _ = await client.RealignAsync("");
}
catch (RpcException failure)
{
    refused = CallFailure.Of(failure);
}

var tooLong = new RealignRequest { Generate = new GenerateRequest { Prompt = prompt, NumInferenceSteps = 1000 } };
var late = StatusCode.OK;
try
{
    _ = await client.RealignAsync(tooLong, TimeSpan.FromSeconds(0.5)).ResultAsync();
}
catch (RpcException failure)
{
    late = failure.StatusCode;
}

var left = StatusCode.OK;
using var leave = new CancellationTokenSource();
try
{
    await foreach (var _ in client.RealignAsync(tooLong, cancellationToken: leave.Token))
        leave.Cancel();
}
catch (OperationCanceledException)
{
    left = StatusCode.Cancelled;
}

Console.WriteLine(JsonSerializer.Serialize(new
{
    serving = status.Services.Count(service => service.State == ServiceState.Serving),
    stages,
    steps,
    png = Convert.ToHexStringLower(result.Png.Span[..4]),
    reward = scored.Items[0].Reward,
    gradient = scored.Items[0].Gradient.Data.Length,
    refused = Spelled(refused!.Code),
    reason = refused.Reason,
    field = refused.Fields[0].Field,
    late = Spelled(late),
    left = Spelled(left),
}));

static string Spelled(StatusCode code) => string.Concat(code.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : $"{letter}"))
    .ToUpperInvariant();
