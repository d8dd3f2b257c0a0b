#!/usr/bin/env python3
"""Realigns a prompt from Python and writes realigned.png.

Debian: apt-get install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc
Others: pip install grpcio-tools

Stubs (once, from the root of the checkout):
  protoc -Iprotos --python_out=/tmp/stubs --grpc_python_out=/tmp/stubs \
      --plugin=protoc-gen-grpc_python=$(which grpc_python_plugin) protos/realign/v1/*.proto
Run:
  PYTHONPATH=/tmp/stubs python3 docs/clients/realign_client.py "a red car and a pink elephant"
"""
import sys

import grpc
from realign.v1 import captioner_pb2, common_pb2, gateway_pb2, gateway_pb2_grpc, generator_pb2, reward_pb2, reward_pb2_grpc

prompt = sys.argv[1] if len(sys.argv) > 1 else "a red car and a pink elephant"
channel = grpc.insecure_channel("localhost:5100", options=[("grpc.max_receive_message_length", -1)])

# up to four drawings, until everything that the prompt demands is confirmed or at least nothing is wrong
request = gateway_pb2.RealignRequest(generate=generator_pb2.GenerateRequest(prompt=prompt, seed=42), attempts=4)
for event in gateway_pb2_grpc.GatewayServiceStub(channel).Realign(request, timeout=120):
    stage = gateway_pb2.Stage.Name(event.stage)
    kind = event.WhichOneof("event")
    if kind == "caption":
        print(stage, event.caption.caption)
    elif kind == "tags":
        print(stage, [tag.name for tag in event.tags.tags])
    elif kind == "scene":
        print(stage, [(entry.tag, entry.score, entry.phrase) for entry in event.scene.entries])
    elif kind == "verification":
        print(stage, [gateway_pb2.Verdict.Name(item.verdict) for item in event.verification.objects])
    elif kind == "result":
        result = event.result
        print(result.accepted.text, f"{result.total_milliseconds:.0f} ms")

with open("realigned.png", "wb") as file:
    file.write(result.png)

# the reward of that picture, and its gradient with respect to the pixels: what a trainer feeds back into its decoder
score = reward_pb2_grpc.RewardServiceStub(channel).Score(reward_pb2.ScoreRequest(
    items=[captioner_pb2.ScoreItem(prompt=prompt, image=common_pb2.Image(encoded=result.png))],
    rewards=[reward_pb2.RewardSpec(kind=reward_pb2.REWARD_KIND_CAPTION), reward_pb2.RewardSpec(kind=reward_pb2.REWARD_KIND_LIKELIHOOD)],
    gradient=captioner_pb2.GradientOptions(data_type=common_pb2.DATA_TYPE_FLOAT32)), timeout=60)
for value in score.items[0].values:
    print(reward_pb2.RewardKind.Name(value.kind), round(value.value, 4), value.caption)
print("gradient", list(score.items[0].gradient.shape), len(score.items[0].gradient.data), "bytes")
