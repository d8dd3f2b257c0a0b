"""Rewards of a mesh for trainers. Nothing here needs numpy or torch; arrays of both are taken as they are."""
import dataclasses
from typing import Optional, Sequence, Tuple

from realign.v1 import captioner_pb2, common_pb2, reward_pb2, reward_pb2_grpc

# of the service: 256 pairs and 64 MiB a message
_MOST_ITEMS = 256
_MOST_BYTES = 48 << 20


@dataclasses.dataclass(frozen=True)
class Scored:
    """What one pair got. values: by the name of the reward. gradient: of the weighted sum with respect to the pixels, float32 bytes of shape
    (3, H, W); None where none was asked for."""

    reward: float
    values: dict
    gradient: Optional[bytes] = None
    shape: Tuple[int, ...] = ()


class Rewards:
    """A weighted sum of rewards.

    channel: of connect(). weights: by name, e.g. {"likelihood": 1, "clip": 0.2}; names as in `realign reward`. timeout: seconds of each call.
    """

    def __init__(self, channel, weights, timeout=300):
        self._stub = reward_pb2_grpc.RewardServiceStub(channel)
        self._specs = [reward_pb2.RewardSpec(kind=kind_of(name), weight=weight) for name, weight in weights.items()]
        self._timeout = timeout

    def score(self, images, prompts, gradient=False):
        """Scores pairs and gives a list of Scored in their order.

        images: encoded files (bytes), or float arrays (3, H, W) of 0..1, or uint8 arrays (H, W, 3). Raises ValueError with the place of a
        pair that could not be scored, grpc.RpcError where the call failed.
        """
        if len(images) != len(prompts):
            raise ValueError(f"{len(images)} images and {len(prompts)} prompts: there is one prompt for each image")
        items = [captioner_pb2.ScoreItem(image=image_of(image), prompt=prompt) for image, prompt in zip(images, prompts)]
        wanted = captioner_pb2.GradientOptions(data_type=common_pb2.DATA_TYPE_FLOAT32) if gradient else None
        scored = []
        for part in _parts(items):
            answer = self._stub.Score(reward_pb2.ScoreRequest(items=part, rewards=self._specs, gradient=wanted), timeout=self._timeout)
            for item in answer.items:
                if item.HasField("error"):
                    raise ValueError(f"pair {len(scored)} could not be scored: {item.error.message}")
                values = {name_of(value.kind): value.value for value in item.values}
                scored.append(Scored(item.reward, values, item.gradient.data if gradient else None, tuple(item.gradient.shape)))
        return scored


def reward_fn(channel, weights, timeout=300):
    """A reward as flow_grpo calls it: reward_fn(images, prompts, metadata) -> (scores, info). images: (N, 3, H, W) floats of 0..1 or
    (N, H, W, 3) uint8. scores: a list of floats, one an image; info: the values of each reward by name."""
    rewards = Rewards(channel, weights, timeout)

    def call(images, prompts, metadata=None):
        scored = rewards.score(list(images), list(prompts))
        return [one.reward for one in scored], {name_of(spec.kind): [one.values[name_of(spec.kind)] for one in scored] for spec in rewards._specs}

    return call


def kind_of(name):
    """The number of a reward: likelihood, pick-score, ..."""
    full = "REWARD_KIND_" + name.upper().replace("-", "_")
    known = [name_of(number) for number in reward_pb2.RewardKind.values() if number]
    if full not in reward_pb2.RewardKind.keys() or name_of(reward_pb2.RewardKind.Value(full)) not in known:
        raise ValueError(f"there is no reward '{name}': use {', '.join(known)}")
    return reward_pb2.RewardKind.Value(full)


def name_of(kind):
    """The name of a reward."""
    return reward_pb2.RewardKind.Name(kind)[len("REWARD_KIND_"):].lower().replace("_", "-")


def image_of(image):
    """An image as the mesh takes it."""
    if isinstance(image, (bytes, bytearray, memoryview)):
        return common_pb2.Image(encoded=bytes(image))
    if hasattr(image, "detach"):
        # torch; bfloat16 and float16 are widened, so that no bit is lost
        image = image.detach().to("cpu").numpy() if "uint8" in str(image.dtype) else image.detach().to("cpu").float().contiguous().numpy()
    shape = tuple(image.shape)
    if len(shape) == 3 and shape[2] == 3 and "uint8" in str(image.dtype):
        image = (image.astype("float32") / 255).transpose(2, 0, 1).copy()
        shape = tuple(image.shape)
    if len(shape) != 3 or shape[0] != 3 or "float" not in str(image.dtype):
        raise ValueError(f"an image has shape {shape} and type {image.dtype}: use floats (3, H, W) of 0..1, uint8 (H, W, 3) or an encoded file")
    data = image.tobytes() if "float32" in str(image.dtype) else image.astype("float32").tobytes()
    return common_pb2.Image(pixels=common_pb2.Tensor(data_type=common_pb2.DATA_TYPE_FLOAT32, shape=shape, data=data))


def _parts(items: Sequence):
    part, size = [], 0
    for item in items:
        bytes_of = item.ByteSize()
        if part and (len(part) == _MOST_ITEMS or size + bytes_of > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(item)
        size += bytes_of
    if part:
        yield part
