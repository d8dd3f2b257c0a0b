"""A reward of a mesh as a differentiable function of the pixels, for torch.

    reward = TorchReward(Rewards(connect("gateway:5100"), {"likelihood": 1}))
    loss = -reward(decoder(latents), prompts).mean()      # images: (N, 3, H, W) of 0..1
    loss.backward()                                       # the mesh's gradient goes on into the decoder

The gradient comes with the values in one call, so that backward needs none.
"""
import torch


class TorchReward(torch.nn.Module):
    """rewards: of realign_client. All of its rewards must be differentiable; the mesh says which are not."""

    def __init__(self, rewards):
        super().__init__()
        self._rewards = rewards

    def forward(self, images, prompts):
        """images: (N, 3, H, W), floats of 0..1. Gives (N,) rewards on the images' device."""
        return _Score.apply(images, self._rewards, tuple(prompts))


class _Score(torch.autograd.Function):
    @staticmethod
    def forward(ctx, images, rewards, prompts):
        wants = ctx.needs_input_grad[0]
        scored = rewards.score(list(images), prompts, gradient=wants)
        if wants:
            gradient = torch.stack([torch.frombuffer(bytearray(one.gradient), dtype=torch.float32).reshape(one.shape) for one in scored])
            ctx.save_for_backward(gradient.to(images.device, images.dtype))
        return torch.tensor([one.reward for one in scored], dtype=torch.float32, device=images.device)

    @staticmethod
    def backward(ctx, grad_output):
        (gradient,) = ctx.saved_tensors
        return grad_output.to(gradient.dtype).view(-1, 1, 1, 1) * gradient, None, None
