"""Variants of a patch that a reader would still call the same: turned, scaled, of another scanner.

All take and return (n, 1, h, w) tensors in 0..1, which is the lung window of `inference.lung_patches`.
"""

import math

import torch
from torch.nn import functional

JPEG_BLOCK_PX = 8
# A soft and a sharp reconstruction kernel, as the Gaussian that is added or taken away.
KERNEL_SIGMA_PX = 0.9


def augmented(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return every patch under its own random changes, in the order in which a scan meets them."""
    patches = thicker_slices(patches, generator)
    patches = turned_and_scaled(patches, generator)
    patches = other_kernel(patches, generator)
    patches = noisier(patches, generator)
    patches = other_calibration(patches, generator)
    return compressed(patches, generator)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return torch.rand(n, 1, 1, 1, generator=generator) * (high - low) + low


def _some(n: int, share: float, generator: torch.Generator) -> torch.Tensor:
    """Return 1 for about this share of the patches, 0 for the rest."""
    return (torch.rand(n, 1, 1, 1, generator=generator) < share).float()


def _gaussian(patches: torch.Tensor, sigma_px: float, along: str = "both") -> torch.Tensor:
    reach = max(1, math.ceil(2.5 * sigma_px))
    x = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (x / sigma_px) ** 2)
    weights /= weights.sum()
    if along in ("rows", "both"):
        padded = functional.pad(patches, (0, 0, reach, reach), mode="reflect")
        patches = functional.conv2d(padded, weights.view(1, 1, -1, 1))
    if along in ("columns", "both"):
        padded = functional.pad(patches, (reach, reach, 0, 0), mode="reflect")
        patches = functional.conv2d(padded, weights.view(1, 1, 1, -1))
    return patches


def thicker_slices(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return a third of the patches smeared along one direction, as a coronal cut through thick slices is.

    `turned_and_scaled` comes after and makes the direction any.
    """
    n = len(patches)
    smeared = _gaussian(patches, 1.6, along="rows")
    share = _some(n, 0.35, generator) * _uniform(n, 0.2, 1.0, generator)
    return patches + share * (smeared - patches)


def turned_and_scaled(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return patches, each under its own flip, turn, scale, stretch and shift.

    Scale runs from 0.7 (a coarser pixel grid) to 1.5 (a larger lesion); shifts are up to 2.5 pixels.
    """
    n, _, height, width = patches.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.rand(n, generator=generator) * (high - low) + low

    angle = uniform(0.0, 2 * math.pi)
    scale = torch.exp(uniform(math.log(0.7), math.log(1.5)))
    stretch = torch.exp(uniform(-0.15, 0.15))
    flip = torch.sign(torch.rand(n, generator=generator) - 0.5)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    theta = torch.zeros(n, 2, 3)
    theta[:, 0, 0], theta[:, 0, 1] = cos * flip * stretch, -sin / stretch
    theta[:, 1, 0], theta[:, 1, 1] = sin * flip * stretch, cos / stretch
    theta[:, 0, 2] = uniform(-2.5, 2.5) * 2 / width
    theta[:, 1, 2] = uniform(-2.5, 2.5) * 2 / height
    grid = functional.affine_grid(theta, [n, 1, height, width], align_corners=False)
    return functional.grid_sample(patches, grid, padding_mode="reflection", align_corners=False)


def other_kernel(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return patches softer or sharper, as another reconstruction kernel makes them."""
    n = len(patches)
    soft = _gaussian(patches, KERNEL_SIGMA_PX)
    amount = _some(n, 0.6, generator) * _uniform(n, -0.9, 1.0, generator)
    return patches + amount * (soft - patches)


def noisier(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return patches with noise of up to 110 HU, from blotchy (soft kernel) to grainy (sharp kernel)."""
    n = len(patches)
    white = torch.randn(patches.shape, generator=generator)
    blotchy = _gaussian(white, KERNEL_SIGMA_PX)
    grainy = white - blotchy
    mix = _uniform(n, 0.0, 1.0, generator)
    noise = mix * blotchy / blotchy.std() + (1 - mix) * grainy / grainy.std()
    return patches + _some(n, 0.6, generator) * _uniform(n, 0.0, 0.08, generator) * noise


def other_calibration(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return patches of a scanner whose HU are up to 10 % and 60 HU off, lungs at another breath."""
    n = len(patches)
    patches = patches * _uniform(n, 0.9, 1.1, generator) + _uniform(n, -0.04, 0.06, generator)
    return patches.clamp(0.0, 1.0)


def compressed(patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return a tenth of the patches as lossy compression leaves them: 8 x 8 DCT, coarser to high frequencies.

    Source: ITU-T T.81 A.3.3 (the transform); the quantisation is a ramp instead of its Annex K table.
    """
    n, _, height, width = patches.shape
    k = torch.arange(JPEG_BLOCK_PX, dtype=torch.float32)
    dct = torch.cos((2 * k[None] + 1) * k[:, None] * math.pi / (2 * JPEG_BLOCK_PX)) * math.sqrt(
        2 / JPEG_BLOCK_PX
    )
    dct[0] /= math.sqrt(2)
    chosen = torch.nonzero(_some(n, 0.1, generator).flatten()).flatten()
    if not len(chosen):
        return patches
    rows, columns = height // JPEG_BLOCK_PX, width // JPEG_BLOCK_PX
    blocks = patches[chosen].reshape(-1, rows, JPEG_BLOCK_PX, columns, JPEG_BLOCK_PX).transpose(2, 3)
    step = (1 + 0.5 * (k[:, None] + k[None])) * _uniform(len(chosen), 0.01, 0.05, generator)[..., None]
    coefficients = torch.round((dct @ blocks @ dct.T) / step) * step
    restored = (dct.T @ coefficients @ dct).transpose(2, 3).reshape(-1, 1, height, width)
    return patches.index_copy(0, chosen, restored.clamp(0.0, 1.0))
