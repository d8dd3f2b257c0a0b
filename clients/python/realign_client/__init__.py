"""Calls a Realign mesh: text-to-image with verification, and differentiable rewards."""
from realign_client.channel import connect
from realign_client.failure import Failure, failure_of
from realign_client.rewards import Rewards, Scored, reward_fn

__all__ = ["connect", "Failure", "failure_of", "Rewards", "Scored", "reward_fn"]
