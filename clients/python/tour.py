"""What a client of a Realign mesh does: status, a flow with progress, a reward with its gradient, an error with its details, a deadline, leaving.

usage: tour 127.0.0.1:5100 [PROMPT]; prints what it saw as JSON. REALIGN_KEY is the key, where the mesh asks for one.
"""
import json
import os
import sys

import grpc
from realign.v1 import gateway_pb2, gateway_pb2_grpc, generator_pb2
from realign_client import Rewards, connect, failure_of

prompt = sys.argv[2] if len(sys.argv) > 2 else "a red car and a pink elephant"
channel = connect(sys.argv[1], key=os.environ.get("REALIGN_KEY"))
gateway = gateway_pb2_grpc.GatewayServiceStub(channel)

mesh = gateway.GetMeshStatus(gateway_pb2.GetMeshStatusRequest(), timeout=10)

stages, steps, result = [], 0, None
for event in gateway.Realign(gateway_pb2.RealignRequest(generate=generator_pb2.GenerateRequest(prompt=prompt, seed=0)), timeout=120):
    kind = event.WhichOneof("event")
    if kind == "started":
        stages.append(gateway_pb2.Stage.Name(event.stage))
    elif kind == "result":
        result = event.result
    steps += kind == "progress"

scored = Rewards(channel, {"likelihood": 1}, timeout=60).score([result.png], [prompt], gradient=True)[0]

try:
    list(gateway.Realign(gateway_pb2.RealignRequest(generate=generator_pb2.GenerateRequest()), timeout=60))
except grpc.RpcError as error:
    refused = failure_of(error)

too_long = gateway_pb2.RealignRequest(generate=generator_pb2.GenerateRequest(prompt=prompt, num_inference_steps=1000))
try:
    list(gateway.Realign(too_long, timeout=0.5))
except grpc.RpcError as error:
    late = error.code()

call = gateway.Realign(too_long)
try:
    for event in call:
        call.cancel()
except grpc.RpcError as error:
    left = error.code()

print(json.dumps({
    "serving": sum(service.state == gateway_pb2.SERVICE_STATE_SERVING for service in mesh.services),
    "stages": stages,
    "steps": steps,
    "png": result.png[:4].hex(),
    "reward": scored.reward,
    "gradient": len(scored.gradient),
    "refused": refused.code,
    "reason": refused.reason,
    "field": ", ".join(refused.fields),
    "late": late.name,
    "left": left.name,
}))
