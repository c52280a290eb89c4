"""Variants of a patch that a reader would still call the same: turned, scaled, noisier, softer."""

import math

import torch
from torch.nn import functional


def turned_and_scaled(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return (n, 1, h, w) patches, each under its own flip, turn, scale, stretch and shift.

    Scale runs from 0.7 (a coarser pixel grid) to 1.5 (a larger lesion); shifts are up to 2.5 pixels.
    """
    n, _, height, width = patches.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    angle = uniform(0.0, 2 * math.pi)
    scale = torch.exp(uniform(math.log(0.7), math.log(1.5)))
    stretch = torch.exp(uniform(-0.12, 0.12))
    flip = torch.sign(torch.rand(n, generator=generator) - 0.5)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * flip * stretch, -sin / stretch
    theta[:, 1, 0], theta[:, 1, 1] = sin * flip * stretch, cos / stretch
    theta[:, 0, 2] = uniform(-2.5, 2.5) * 2 / width
    theta[:, 1, 2] = uniform(-2.5, 2.5) * 2 / height
    grid = functional.affine_grid(theta, [n, 1, height, width], align_corners=False)
    return functional.grid_sample(patches, grid, padding_mode="reflection", align_corners=False)


def other_scanner(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return patches in 0..1 as another scanner, kernel, dose or breath would show them."""
    n = len(patches)

    def some(share: float) -> torch.Tensor:
        return (torch.rand(n, 1, 1, 1, generator=generator) < share).float()

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low

    noise = torch.randn(patches.shape, generator=generator)
    soft_noise = functional.avg_pool2d(noise, 3, stride=1, padding=1) * 2.5
    blurred = functional.avg_pool2d(patches, 3, stride=1, padding=1, count_include_pad=False)
    blur = some(0.4) * uniform(0.2, 1.0)
    patches = patches * (1 - blur) + blurred * blur
    sharpen = some(0.25) * uniform(0.2, 0.9)
    patches = patches + sharpen * (patches - blurred)
    mix = uniform(0.0, 1.0)
    level = some(0.6) * uniform(0.0, 0.07) ** 1.0
    patches = patches + level * (noise * mix + soft_noise * (1 - mix))
    patches = patches * uniform(0.92, 1.08) + uniform(-0.04, 0.06)
    return patches.clamp(0.0, 1.0)
