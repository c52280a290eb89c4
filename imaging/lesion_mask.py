"""Which voxels a lesion is made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class LesionMask:
    """The voxels of one lesion, on the stored pixel grid of the images that they lie on.

    Attributes:
        voxels: (image, row, column) bool, cropped to the lesion.
        sop_instance_uids: of the image of each plane of `voxels`; every one different.
        first_row, first_column: where the crop lies on the images.

    Raises:
        ValueError: planes and images do not go together.
    """

    voxels: NDArray[np.bool_]
    sop_instance_uids: tuple[str, ...]
    first_row: int
    first_column: int

    def __post_init__(self) -> None:
        if self.voxels.ndim != 3 or self.voxels.dtype != np.bool_:
            raise ValueError(f"a mask is (image, row, column) bool, not {self.voxels.shape}")
        if len(set(self.sop_instance_uids)) != len(self.voxels):
            raise ValueError(f"{len(self.voxels)} planes on {len(set(self.sop_instance_uids))} images")
        if min(self.first_row, self.first_column) < 0:
            raise ValueError("a mask begins outside the image")

    @property
    def voxel_count(self) -> int:
        """How many voxels the lesion has."""
        return int(self.voxels.sum())

    def plane_on(self, sop_instance_uid: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return (row, column) bool, the lesion on one image of this shape; all False where it is not on it.

        Raises:
            ValueError: the lesion reaches beyond the image.
        """
        plane = np.zeros(shape, np.bool_)
        if sop_instance_uid in self.sop_instance_uids:
            part = self.voxels[self.sop_instance_uids.index(sop_instance_uid)]
            last = self.first_row + part.shape[0], self.first_column + part.shape[1]
            if last[0] > shape[0] or last[1] > shape[1]:
                raise ValueError(f"{sop_instance_uid}: a mask up to {last} on an image of {shape}")
            plane[self.first_row : last[0], self.first_column : last[1]] = part
        return plane


def mask_of(voxels: NDArray[Any], sop_instance_uids: tuple[str, ...]) -> LesionMask | None:
    """Return the mask of (image, row, column) voxels on whole images, cropped; None where all are False."""
    where = np.argwhere(voxels)
    if not len(where):
        return None
    (k0, j0, i0), (k1, j1, i1) = where.min(axis=0), where.max(axis=0) + 1
    return LesionMask(
        voxels=np.ascontiguousarray(voxels[k0:k1, j0:j1, i0:i1]).astype(np.bool_),
        sop_instance_uids=sop_instance_uids[k0:k1],
        first_row=int(j0),
        first_column=int(i0),
    )
