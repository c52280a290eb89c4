"""Group normalisation and ReLU in place, with channels last. Imports torch.

torch lays its answer out with channels first, so that the next convolution has to turn it round; and it keeps
the input. After a convolution nobody else sees that input, so here it becomes the answer.
"""

from typing import Final

import torch
from torch import Tensor, nn

from inference.engine.winograd import WinogradConv3d

VOXELS_AT_ONCE: Final = 2048  # what fits the processor's cache


class NormAndRectify(nn.Module):
    """A trained nn.GroupNorm and the nn.ReLU after it, done to the input itself."""

    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.groups, self.eps = norm.num_groups, norm.eps
        ones, zeros = torch.ones(norm.num_channels), torch.zeros(norm.num_channels)
        self.scale: Tensor
        self.shift: Tensor
        self.register_buffer("scale", norm.weight.detach().clone() if norm.affine else ones)
        self.register_buffer("shift", norm.bias.detach().clone() if norm.affine else zeros)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (n, channel, x, y, z) changed in place: normalised by image and group, and not below 0."""
        for volume in inputs:
            rows = volume.permute(1, 2, 3, 0)
            blocks = [part for plane in rows for part in plane.split(max(VOXELS_AT_ONCE // rows.shape[2], 1))]
            sums = torch.zeros((2, rows.shape[3]), dtype=torch.float64, device=rows.device)
            for block in blocks:
                sums[0] += block.sum(dim=(0, 1))
                sums[1] += block.square().sum(dim=(0, 1))
            count = volume[0].numel() * (rows.shape[3] // self.groups)
            mean, of_squares = sums.view(2, self.groups, -1).sum(dim=2) / count
            scale = (of_squares - mean.square() + self.eps).rsqrt()
            scale, mean = (each.repeat_interleave(rows.shape[3] // self.groups) for each in (scale, mean))
            factor = (scale * self.scale).float()
            offset = (self.shift - mean * scale * self.scale).float()
            for block in blocks:
                block.mul_(factor).add_(offset).relu_()
        return inputs


def with_norms_in_place(network: nn.Module) -> nn.Module:
    """Replace, in place, each group normalisation between a Winograd convolution and a ReLU.

    Returns the network.
    """
    for module in network.modules():
        if not isinstance(module, nn.Sequential):
            continue
        for at in range(len(module) - 2):
            conv, norm, relu = module[at], module[at + 1], module[at + 2]
            if (
                isinstance(conv, WinogradConv3d)
                and isinstance(norm, nn.GroupNorm)
                and isinstance(relu, nn.ReLU)
            ):
                module[at + 1], module[at + 2] = NormAndRectify(norm), nn.Identity()
    return network
