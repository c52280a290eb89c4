"""Convolutions of 3 x 3 x 3 by Winograd's minimal filtering: F(4 x 4 x 4, 3 x 3 x 3).

A tile of 6 x 6 x 6 voxels gives 4 x 4 x 4 results. Tile and kernel are transformed, multiplied channel by
channel at 216 points, and transformed back: 216 products instead of 64 x 27 = 1728 for each pair of channels.
In exact arithmetic the result is the same; in float32 it is rounded elsewhere.

The five points besides infinity decide how rounding grows. These, with 5/8 and 3/2, keep the largest
difference at about 1e-5 of the largest result for 64 channels of noise; the customary 0, 1, -1, 2, -2 let it
grow to 6e-5.

Source: A. Lavin, S. Gray: Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308, nested once
more for the third axis; B. Barabasz et al.: Error analysis and improving the accuracy of Winograd convolution
for deep neural networks, arXiv:1803.10986, on the choice of points.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

TILE: Final = 6
STEP: Final = 4  # results of a tile along an axis
TAPS: Final = 3
POINTS: Final = (0.0, 0.625, -0.625, 1.5, -1.5)
TILES_AT_ONCE: Final = 96  # as measured: what fits the processor's cache


def _at_points(count: int) -> Tensor:
    """Return (6, count): the first `count` powers at each point, and the highest at infinity."""
    powers = [[point**k for k in range(count)] for point in POINTS]
    return torch.tensor([*powers, [0.0] * (count - 1) + [1.0]], dtype=torch.float64)


# Toom and Cook's product of polynomials, transposed; a power of two moves from one factor to the other.
_LAST: Final = _at_points(TILE).inverse().T
_SCALE: Final = 2.0 ** _LAST.abs().amax(dim=1, keepdim=True).log2().round()
FROM_TILE: Final = (_LAST / _SCALE).float()
FROM_KERNEL: Final = _at_points(TAPS) * _SCALE
TO_RESULTS: Final = _at_points(STEP).T.float().contiguous()


def can_be_winograd(module: nn.Module) -> bool:
    """Whether a module is a convolution that `WinogradConv3d` can replace: 3 x 3 x 3, stride 1, ungrouped."""
    return (
        type(module) is nn.Conv3d
        and module.kernel_size == (3, 3, 3)
        and module.stride == (1, 1, 1)
        and module.dilation == (1, 1, 1)
        and module.groups == 1
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
        and module.weight.dtype == torch.float32
    )


class WinogradConv3d(nn.Module):
    """A trained nn.Conv3d, asked in another way. Only for inference: it has no weights to train.

    Args:
        conv: one that `can_be_winograd`.

    Raises:
        ValueError: it is another.
    """

    points: Tensor
    bias: Tensor | None
    forth: Tensor
    back: Tensor

    def __init__(self, conv: nn.Module) -> None:
        super().__init__()
        if not can_be_winograd(conv) or not isinstance(conv, nn.Conv3d):
            raise ValueError(f"not a 3 x 3 x 3 convolution of stride 1 in float32: {conv}")
        kernel = conv.weight.detach().double()
        points = torch.einsum("oixyz,ax,by,cz->abcio", kernel, *(FROM_KERNEL.to(kernel.device),) * 3)
        shape = (TILE**3, conv.in_channels, conv.out_channels)
        self.register_buffer("points", points.reshape(shape).float().contiguous())
        self.register_buffer("bias", None if conv.bias is None else conv.bias.detach().clone())
        self.register_buffer("forth", FROM_TILE.to(conv.weight.device))
        self.register_buffer("back", TO_RESULTS.to(conv.weight.device))
        self.padding: tuple[int, ...] = tuple(int(each) for each in conv.padding)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (n, channels, x, y, z) from (n, channels, x, y, z) float32, laid out with channels last."""
        if len(inputs) == 1:
            return self._one(inputs[0])[None]
        return torch.stack([self._one(each) for each in inputs])

    def _one(self, volume: Tensor) -> Tensor:
        channels_last = volume.permute(1, 2, 3, 0)
        sizes = [n + 2 * pad - 2 for n, pad in zip(channels_last.shape, self.padding, strict=False)]
        tiles = [-(-size // STEP) for size in sizes]
        pad_x, pad_y, pad_z = self.padding
        after_y, after_z = (
            pad + count * STEP - size
            for size, count, pad in zip(sizes[1:], tiles[1:], self.padding[1:], strict=True)
        )
        result = volume.new_empty((*(count * STEP for count in tiles), self.points.shape[2]))
        blocks = result.view(tiles[0], STEP, tiles[1], STEP, tiles[2], STEP, -1)
        rows = max(1, TILES_AT_ONCE // tiles[2])
        for x in range(tiles[0]):
            # One row of tiles is padded at a time: a padded volume would be a copy of the whole.
            first, last = x * STEP - pad_x, x * STEP - pad_x + TILE
            slab = channels_last[max(first, 0) : last]
            before = max(-first, 0)
            slab = functional.pad(
                slab, [0, 0, pad_z, after_z, pad_y, after_y, before, TILE - before - len(slab)]
            )
            slab = slab.contiguous()
            # What each tile sees, (tile y, tile z, 6, 6, 6, channel), without a copy.
            steps = slab.stride()
            seen = slab.as_strided(
                (*tiles[1:], TILE, TILE, TILE, slab.shape[3]), (STEP * steps[1], STEP * steps[2], *steps)
            )
            for y in range(0, tiles[1], rows):
                some = seen[y : y + rows]
                found = self._tiles(some.reshape(-1, TILE**3, some.shape[-1]))
                found = found.view(STEP, STEP, STEP, *some.shape[:2], -1)
                blocks[x, :, y : y + rows] = found.permute(0, 3, 1, 4, 2, 5)
        x, y, z = sizes
        return result[:x, :y, :z].permute(3, 0, 1, 2)

    def _tiles(self, tiles: Tensor) -> Tensor:
        """Return (4, 4, 4, tile, channel) from tiles (tile, 216, channel)."""
        count, _, inputs = tiles.shape
        for before, after in ((1, TILE**2), (TILE, TILE), (TILE**2, 1)):
            tiles = torch.matmul(self.forth, tiles.view(count * before, TILE, after * inputs))
        found = torch.bmm(tiles.view(count, TILE**3, inputs).transpose(0, 1), self.points)
        wide = count * found.shape[2]
        for before, after in ((1, TILE**2), (STEP, TILE), (STEP**2, 1)):
            found = torch.matmul(self.back, found.view(before, TILE, after * wide))
        found = found.view(STEP, STEP, STEP, count, -1)
        return found if self.bias is None else found.add_(self.bias)


def with_winograd(network: nn.Module) -> nn.Module:
    """Replace, in place, every convolution of the network that can be; return the network."""
    if can_be_winograd(network):
        return WinogradConv3d(network)
    for name, child in network.named_children():
        setattr(network, name, with_winograd(child))
    return network
