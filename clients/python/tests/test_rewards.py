"""The wire part of the rewards, without numpy and torch: python3 -m unittest discover -s clients/python/tests, with the package on PYTHONPATH."""
import importlib.util
import struct
import unittest
from concurrent import futures

import grpc
from realign.v1 import common_pb2, reward_pb2, reward_pb2_grpc
from realign_client import Rewards, connect, failure_of, reward_fn
from realign_client.rewards import image_of


class Array:
    """What numpy's arrays have that the client uses."""

    def __init__(self, shape, values, dtype="float32"):
        self.shape, self.dtype, self._values = shape, dtype, values

    def tobytes(self):
        return struct.pack(f"<{len(self._values)}f", *self._values)


class Service(reward_pb2_grpc.RewardServiceServicer):
    """Rewards the length of the prompt; refuses an empty one."""

    def __init__(self):
        self.requests, self.metadata = [], []

    def Score(self, request, context):
        self.requests.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        answer = reward_pb2.ScoreResponse()
        for item in request.items:
            if not item.prompt:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, "empty")
            scored = answer.items.add(reward=float(len(item.prompt)))
            if item.prompt == "broken":
                scored.error.message = "no such picture"
            for spec in request.rewards:
                scored.values.add(kind=spec.kind, value=spec.weight)
            if request.HasField("gradient"):
                scored.gradient.CopyFrom(common_pb2.Tensor(data_type=common_pb2.DATA_TYPE_FLOAT32, shape=[3, 1, 1], data=struct.pack("<3f", 1, 2, 3)))
        return answer


class RewardTests(unittest.TestCase):
    def setUp(self):
        self.service = Service()
        self.server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.max_receive_message_length", 64 << 20)])
        reward_pb2_grpc.add_RewardServiceServicer_to_server(self.service, self.server)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.channel = connect(f"127.0.0.1:{port}", key="secret", tenant="lab")
        self.addCleanup(self.server.stop, None)
        self.addCleanup(self.channel.close)

    def test_pixels_travel_as_they_are(self):
        Rewards(self.channel, {"likelihood": 1}).score([Array((3, 1, 1), [0.25, 0.5, 1.5])], ["a"])
        pixels = self.service.requests[0].items[0].image.pixels
        self.assertEqual((list(pixels.shape), pixels.data), ([3, 1, 1], struct.pack("<3f", 0.25, 0.5, 1.5)))

    def test_gradients_come_with_the_values(self):
        scored = Rewards(self.channel, {"likelihood": 1}).score([b"png"], ["abc"], gradient=True)[0]
        self.assertEqual((scored.reward, struct.unpack("<3f", scored.gradient), scored.shape), (3, (1, 2, 3), (3, 1, 1)))

    def test_flow_grpo_gets_scores_and_info(self):
        scores, info = reward_fn(self.channel, {"likelihood": 1, "pick-score": 0.5})([b"png", b"png"], ["a", "abc"], [{}, {}])
        self.assertEqual((scores, info), ([1, 3], {"likelihood": [1, 1], "pick-score": [0.5, 0.5]}))

    def test_many_pairs_are_several_messages(self):
        scored = Rewards(self.channel, {"clip": 1}).score([b"x" * (20 << 20)] * 3 + [b"png"] * 300, ["a"] * 303)
        self.assertEqual((len(scored), [len(request.items) for request in self.service.requests]), (303, [2, 256, 45]))

    def test_key_and_tenant_are_sent(self):
        Rewards(self.channel, {"clip": 1}).score([b"png"], ["a"])
        self.assertEqual((self.service.metadata[0]["authorization"], self.service.metadata[0]["x-tenant"]), ("Bearer secret", "lab"))

    def test_what_is_wrong_is_said(self):
        rewards = Rewards(self.channel, {"clip": 1})
        with self.assertRaisesRegex(ValueError, "pair 1 could not be scored: no such picture"):
            rewards.score([b"png", b"png"], ["a", "broken"])
        with self.assertRaisesRegex(ValueError, "2 images and 1 prompts"):
            rewards.score([b"png", b"png"], ["a"])
        with self.assertRaisesRegex(ValueError, r"shape \(1, 2, 2\)"):
            image_of(Array((1, 2, 2), [0] * 4))
        with self.assertRaisesRegex(ValueError, "there is no reward 'beauty': use caption, likelihood"):
            Rewards(self.channel, {"beauty": 1})
        with self.assertRaises(grpc.RpcError) as raised:
            rewards.score([b"png"], [""])
        self.assertEqual((failure_of(raised.exception).code, failure_of(raised.exception).message), ("INVALID_ARGUMENT", "empty"))

    @unittest.skipUnless(importlib.util.find_spec("torch"), "no torch here")
    def test_torch_gets_the_gradient(self):
        import torch
        from realign_client.torch_reward import TorchReward

        images = torch.rand(2, 3, 1, 1, requires_grad=True)
        reward = TorchReward(Rewards(self.channel, {"likelihood": 1}))(images, ["a", "abc"])
        (reward * torch.tensor([1.0, 10.0])).sum().backward()
        self.assertEqual(reward.tolist(), [1, 3])
        self.assertEqual(images.grad.flatten().tolist(), [1, 2, 3, 10, 20, 30])


if __name__ == "__main__":
    unittest.main()
