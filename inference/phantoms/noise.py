"""Noise with a chosen spectrum on a plane, and planes brought to another grid."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from scipy import fft

Plane = NDArray[np.float32]

# A smooth field is drawn on a coarser grid, with at least this many samples to its shortest wavelength.
_SAMPLES: Final = 3.0


def power_law_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    spacing_mm: float,
    exponent: float,
    longest_mm: float = 60.0,
) -> Plane:
    """Return noise of mean 0 and deviation 1 whose power spectrum falls as frequency to the -exponent.

    Below 1 / longest_mm the spectrum is flat, so that one phantom is not half bright and half dark.
    """
    frequency = _frequency(shape, spacing_mm)
    amplitude = np.maximum(frequency, 1.0 / longest_mm) ** (-exponent / 2.0)
    return _shaped_noise(rng, shape, np.asarray(amplitude, np.float32))


def band_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    spacing_mm: float,
    wavelength_mm: float,
    octaves: float = 0.6,
) -> Plane:
    """Return noise of mean 0 and deviation 1 around one wavelength."""
    coarser = max(1, int(wavelength_mm * 2.0 ** (-2.0 * octaves) / (_SAMPLES * spacing_mm)))
    small = (-(-shape[0] // coarser), -(-shape[1] // coarser))
    frequency = np.maximum(_frequency(small, coarser * spacing_mm), 1e-6)
    distance = np.log2(frequency * wavelength_mm) / octaves
    noise = _shaped_noise(rng, small, np.exp(-0.5 * distance**2))
    return noise if coarser == 1 else resized(noise, shape)


def resized(plane: Plane, shape: tuple[int, ...]) -> Plane:
    """Return a plane on another grid over the same field, interpolated."""
    if plane.shape == shape:
        return plane
    image = PillowImage.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.array(image.resize((shape[1], shape[0]), PillowImage.Resampling.BILINEAR), np.float32)


def _frequency(shape: tuple[int, int], spacing_mm: float) -> NDArray[np.float32]:
    rows = fft.fftfreq(shape[0], spacing_mm).astype(np.float32)[:, None]
    columns = fft.rfftfreq(shape[1], spacing_mm).astype(np.float32)[None, :]
    return np.asarray(np.hypot(rows, columns), np.float32)


def _shaped_noise(rng: np.random.Generator, shape: tuple[int, int], amplitude: NDArray[np.float32]) -> Plane:
    white = fft.rfft2(rng.standard_normal(shape, dtype=np.float32))
    amplitude[0, 0] = 0.0
    field = fft.irfft2(white * amplitude, s=shape)
    return np.asarray(field / max(float(field.std()), 1e-9), np.float32)
