"""A CT as a MONAI detection bundle wants it: oriented, resampled and scaled as its configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from monai.transforms.intensity.array import ScaleIntensityRange
from monai.transforms.spatial.array import Spacing
from numpy.typing import NDArray

from imaging.volume import Volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Which way each letter of an orientation points, in RAS: axis and sign.
DIRECTIONS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
SETTINGS = {
    "Spacingd": (Spacing, ("pixdim", "mode", "padding_mode")),
    "ScaleIntensityRanged": (ScaleIntensityRange, ("a_min", "a_max", "b_min", "b_max", "clip")),
}


@dataclass(frozen=True, slots=True)
class NetworkImage:
    """What the network is shown.

    Attributes:
        voxels: (channel, x, y, z) float32.
        to_lps: (4, 4), from (x, y, z, 1), zero-based voxel centres, to mm, LPS.
    """

    voxels: torch.Tensor
    to_lps: NDArray[np.float64]


def network_image(volume: Volume, config: Mapping[str, Any]) -> NetworkImage:
    """Return a volume as the bundle's `preprocessing` makes it of a raw CT.

    Switches between raw and resampled files (`_disabled_`) are not heeded: a study as it arrives is raw, and
    resampling one that has the spacing already changes nothing.
    """
    voxels = volume.voxels_hu.transpose(2, 1, 0)
    affine_ras = LPS_TO_RAS @ volume.affine_lps
    transforms = {
        str(each["_target_"]).rpartition(".")[2]: each for each in config["preprocessing"]["transforms"]
    }
    if "Orientationd" in transforms:
        voxels, affine_ras = oriented(voxels, affine_ras, transforms["Orientationd"]["axcodes"])
    channel = torch.from_numpy(np.array(voxels, dtype=np.float32, order="C"))[None]
    image: Any = MetaTensor(channel, affine=torch.from_numpy(affine_ras))
    for name, (transform, keys) in SETTINGS.items():
        if name in transforms:
            given = {key: transforms[name][key] for key in keys if key in transforms[name]}
            image = cast(Any, transform)(**given)(image)
    return NetworkImage(image.as_tensor().float(), LPS_TO_RAS @ np.asarray(image.affine, dtype=np.float64))


def oriented(
    voxels: NDArray[Any], affine_ras: NDArray[np.float64], axcodes: str
) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the array with its axes in the order and direction that `axcodes` names, and its affine."""
    ways = [DIRECTIONS[letter] for letter in axcodes]
    order = [int(np.argmax(np.abs(affine_ras[world, :3]))) for world, _ in ways]
    voxels, affine = voxels.transpose(order), affine_ras[:, [*order, 3]]
    for axis, (world, sign) in enumerate(ways):
        if affine[world, axis] * sign < 0:
            affine[:3, 3] += affine[:3, axis] * (voxels.shape[axis] - 1)
            affine[:3, axis] *= -1
            voxels = np.flip(voxels, axis)
    return voxels, affine
