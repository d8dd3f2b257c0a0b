"""One call of each service, as a client would write it that has nothing of ours but the .proto files.

usage: client.py STUBS GENERATOR CAPTIONER TAGGER SCENE_SCORER SEGMENTER GATEWAY
STUBS is the folder that protoc wrote its Python modules to; the others are host:port.
"""
import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from realign.v1 import captioner_pb2, captioner_pb2_grpc, common_pb2, gateway_pb2, gateway_pb2_grpc, generator_pb2, generator_pb2_grpc
from realign.v1 import reward_pb2, reward_pb2_grpc, scene_scorer_pb2, scene_scorer_pb2_grpc, segmenter_pb2, segmenter_pb2_grpc, tagger_pb2, tagger_pb2_grpc

PROMPT = "a red car and a pink elephant"
LIMIT = 60

generator, captioner, tagger, scene_scorer, segmenter, gateway = (grpc.insecure_channel(address) for address in sys.argv[2:8])

events = list(generator_pb2_grpc.GeneratorServiceStub(generator).Generate(generator_pb2.GenerateRequest(prompt=PROMPT, seed=0), timeout=LIMIT))
png = events[-1].result.images[0].png
image = common_pb2.Image(encoded=png)

caption = captioner_pb2_grpc.CaptionerServiceStub(captioner).Caption(captioner_pb2.CaptionRequest(image=image), timeout=LIMIT)
tags = tagger_pb2_grpc.TaggerServiceStub(tagger).Tag(tagger_pb2.TagRequest(image=image), timeout=LIMIT)
names = [tag.name for tag in tags.tags]
scene = scene_scorer_pb2_grpc.SceneScorerServiceStub(scene_scorer).ScoreScene(scene_scorer_pb2.ScoreSceneRequest(prompt=PROMPT, tags=names), timeout=LIMIT)
segments = segmenter_pb2_grpc.SegmenterServiceStub(segmenter).Segment(segmenter_pb2.SegmentRequest(image=image, phrases=names or ["car"]), timeout=LIMIT)
flow = list(gateway_pb2_grpc.GatewayServiceStub(gateway).Realign(
    gateway_pb2.RealignRequest(generate=generator_pb2.GenerateRequest(prompt=PROMPT, seed=0), attempts=2), timeout=LIMIT))
reward = reward_pb2_grpc.RewardServiceStub(gateway).Score(reward_pb2.ScoreRequest(
    items=[captioner_pb2.ScoreItem(image=image, prompt=PROMPT)],
    rewards=[reward_pb2.RewardSpec(kind=reward_pb2.REWARD_KIND_LIKELIHOOD)],
    gradient=captioner_pb2.GradientOptions()), timeout=LIMIT)

try:
    generator_pb2_grpc.GeneratorServiceStub(generator).Generate(generator_pb2.GenerateRequest(prompt=""), timeout=LIMIT).next()
    refused = "nothing"
except grpc.RpcError as error:
    refused = error.code().name

print(json.dumps({
    "png": png[:4].hex(),
    "steps": sum(event.WhichOneof("event") == "progress" for event in events),
    "caption": caption.caption,
    "tags": names,
    "scene": {entry.tag: entry.score for entry in scene.entries},
    "segments": [len(phrase.detections) for phrase in segments.phrases],
    "verdicts": [gateway_pb2.Verdict.Name(item.verdict) for item in flow[-1].result.verification.objects],
    "reward": reward.items[0].reward,
    "gradient": len(reward.items[0].gradient.data),
    "refused": refused,
}))
