"""The Open Inference Protocol on each service, as a client would speak it that has nothing of ours but the .proto files.

usage: inference_client.py STUBS GENERATOR CAPTIONER TAGGER SCENE_SCORER SEGMENTER GATEWAY
STUBS is the folder that protoc wrote its Python modules to; the others are host:port.
"""
import json
import struct
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from inference import grpc_service_pb2 as messages
from inference import grpc_service_pb2_grpc as services

PROMPT = "a red car and a pink elephant"
LIMIT = 60
NAMES = ["realigndiff-unet", "blip2", "ram", "vicuna", "grounded-sam", "realigndiff"]

stubs = [services.GRPCInferenceServiceStub(grpc.insecure_channel(address)) for address in sys.argv[2:8]]
generator, captioner, tagger, scene_scorer, segmenter, gateway = stubs


def texts(*values):
    values = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def split(raw):
    values = []
    while raw:
        length = struct.unpack("<I", raw[:4])[0]
        values.append(raw[4:4 + length])
        raw = raw[4 + length:]
    return values


def request(model, inputs, id="", timeout=None):
    made = messages.ModelInferRequest(model_name=model, id=id)
    for name, datatype, shape, raw in inputs:
        made.inputs.add(name=name, datatype=datatype, shape=shape)
        made.raw_input_contents.append(raw)
    if timeout is not None:
        made.parameters["timeout"].int64_param = timeout
    return made


def output(response, name):
    index = [tensor.name for tensor in response.outputs].index(name)
    return list(response.outputs[index].shape), response.raw_output_contents[index]


def code(call):
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


models = []
for name, stub in zip(NAMES, stubs):
    assert stub.ServerLive(messages.ServerLiveRequest(), timeout=LIMIT).live
    assert stub.ServerReady(messages.ServerReadyRequest(), timeout=LIMIT).ready
    assert stub.ModelReady(messages.ModelReadyRequest(name=name, version="1"), timeout=LIMIT).ready
    assert not stub.ModelReady(messages.ModelReadyRequest(name=name, version="2"), timeout=LIMIT).ready
    assert stub.ServerMetadata(messages.ServerMetadataRequest(), timeout=LIMIT).name == "realign"
    metadata = stub.ModelMetadata(messages.ModelMetadataRequest(name=name), timeout=LIMIT)
    config = stub.ModelConfig(messages.ModelConfigRequest(name=name), timeout=LIMIT).config
    assert [tensor.name for tensor in metadata.inputs] == [tensor.name for tensor in config.input]
    index = stub.RepositoryIndex(messages.RepositoryIndexRequest(), timeout=LIMIT).models
    assert [(model.name, model.state) for model in index] == [(name, "READY")]
    models.append(metadata.name)

prompt = ("prompt", "BYTES", [1], texts(PROMPT))
seed = ("seed", "INT64", [1], struct.pack("<q", 0))
drawn = generator.ModelInfer(request("realigndiff-unet", [prompt, seed], id="request-1"), timeout=LIMIT)
png = split(output(drawn, "image")[1])[0]
image = ("image", "BYTES", [1], texts(png))
caption = split(output(captioner.ModelInfer(request("blip2", [image]), timeout=LIMIT), "caption")[1])[0].decode()
tags = [tag.decode() for tag in split(output(tagger.ModelInfer(request("ram", [image]), timeout=LIMIT), "tags")[1])]
phrases = tags or ["car"]
scored = scene_scorer.ModelInfer(request("vicuna", [prompt, ("tags", "BYTES", [len(tags)], texts(*tags))]), timeout=LIMIT)
shape, raw = output(scored, "score")
scores = list(struct.unpack(f"<{shape[0]}f", raw))
masks = output(segmenter.ModelInfer(request("grounded-sam", [image, ("phrases", "BYTES", [len(phrases)], texts(*phrases))]), timeout=LIMIT), "masks")[0]

bad = request("realigndiff-unet", [("prompt", "BYTES", [1], texts(""))])
few = ("steps", "INT32", [1], struct.pack("<i", 2))
events = list(gateway.ModelStreamInfer(iter([request("realigndiff", [prompt, seed])]), timeout=LIMIT))
after = list(generator.ModelStreamInfer(iter([bad, request("realigndiff-unet", [prompt, seed, few])]), timeout=LIMIT))
many = request("realigndiff-unet", [prompt, ("steps", "INT32", [1], struct.pack("<i", 900))], timeout=100_000)
endless = request("realigndiff-unet", [prompt, ("steps", "INT32", [1], struct.pack("<i", 900))])


def leave():
    stream = generator.ModelStreamInfer(iter([endless]))
    assert not next(stream).error_message
    stream.cancel()
    next(stream)


codes = [
    code(lambda: generator.ModelInfer(bad, timeout=LIMIT)),
    code(lambda: generator.ModelInfer(request("other", [prompt]), timeout=LIMIT)),
    code(lambda: generator.SystemSharedMemoryStatus(messages.NotOffered(), timeout=LIMIT)),
    code(lambda: generator.RepositoryModelUnload(messages.RepositoryModelUnloadRequest(model_name="realigndiff-unet"), timeout=LIMIT)),
    code(leave),
]

print(json.dumps({
    "models": models,
    "id": drawn.id,
    "png": png[:4].hex(),
    "caption": caption,
    "tags": tags,
    "scores": scores,
    "masks": masks,
    "steps": sum(any(tensor.name == "step" for tensor in event.infer_response.outputs) for event in events),
    "stages": sorted({event.infer_response.parameters["stage"].string_param for event in events[:-1]}),
    "final": [event.infer_response.parameters["triton_final_response"].bool_param for event in events],
    "realigned": split(output(events[-1].infer_response, "image")[1])[0][:4].hex(),
    "stream_error": after[0].error_message,
    "after_error": split(output(after[-1].infer_response, "image")[1])[0][:4].hex(),
    "stream_status": code(lambda: list(generator.ModelStreamInfer(iter([bad]), metadata=[("triton_grpc_error", "true")], timeout=LIMIT))),
    "codes": codes,
    "late": code(lambda: generator.ModelInfer(many)),
    "successes": tagger.ModelStatistics(messages.ModelStatisticsRequest(name="ram"), timeout=LIMIT).model_stats[0].inference_stats.success.count,
}))
