"""A slice of a chest from the fields of its organs: Hounsfield units, with bones and textures.

A slice is the average over its thickness: where a surface is slanted, its border is as much softer
as the surface moves within the slice.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantoms.chest_anatomy import ABSENT, BLOOD_HU, Build, Field, Phase

FAT_HU: Final = -100.0
MUSCLE_HU: Final = 52.0
MARROW_HU: Final = 140.0
CORTEX_HU: Final = 620.0
TEXTURE_MM: Final = 2.5
LEVEL_MM: Final = 24.0  # from one vertebra, and one rib, to the next


@dataclass(frozen=True, slots=True)
class Look:
    """How the scanner shows a border.

    Attributes:
        softness_mm: half the width of an edge in the plane.
        thickness_mm: of the slice.
        heart_motion_mm: how far the heart's border moves while it is seen.
    """

    softness_mm: float
    thickness_mm: float
    heart_motion_mm: float = 0.0


class Painter:
    """Paints one patient's slices: brings fields to a slice's grid and lays one tissue over another."""

    def __init__(
        self,
        rng: np.random.Generator,
        build: Build,
        organs: dict[str, Field],
        grid: tuple[Field, Field, Field],
        xy_mm: Field,
        look: Look,
    ) -> None:
        """Take the fields on their grid (x, y, z lists), and where a slice's columns and rows lie."""
        self._build, self._organs, self._grid, self._xy_mm, self._look = build, organs, grid, xy_mm, look
        self._at = (_Between.of(grid[1], xy_mm), _Between.of(grid[0], xy_mm))
        extent = [int((axis[-1] - axis[0]) / TEXTURE_MM) + 2 for axis in grid]
        shape = (extent[2], extent[1], extent[0])
        self._fine = _texture(rng, shape, 0.6, skewed=True)
        self._cloud = _texture(rng, shape, 4.0)
        self._holes = _texture(rng, shape, 1.6)
        self._texture_at = (
            _Between.of(_list_of(grid[1], TEXTURE_MM, shape[1]), xy_mm),
            _Between.of(_list_of(grid[0], TEXTURE_MM, shape[2]), xy_mm),
        )

    def paint(self, z_mm: float) -> Field:
        """Return one slice, (row, column), HU without noise."""
        build, look = self._build, self._look
        cava_hu, right_hu, left_hu = BLOOD_HU[build.phase]
        enhanced = float(build.enhanced)
        image = np.full((len(self._xy_mm), len(self._xy_mm)), -1000.0, dtype=np.float32)
        below, share = self._level(z_mm)
        fine = self._textured(self._fine, z_mm)
        cloud = self._textured(self._cloud, z_mm)
        self._table(image)
        body = self._field("body", below, share)
        thorax = self._field("thorax", below, share, around_mm=48.0)
        if body is None:
            return image
        self._wall(image, body, thorax, cloud, z_mm)
        motion = look.heart_motion_mm

        def lay(name: str, hu: float | Field, blur_mm: float = 0.0) -> None:
            field = self._field(name, below, share)
            if field is not None:
                _blend(image, field, hu, look.softness_mm + blur_mm)

        lay("below", FAT_HU + 5.0 + 0.5 * cloud)
        lay("liver", 58.0 + 48.0 * (build.phase is not Phase.EARLY) * enhanced + 0.4 * fine)
        lay("spleen", 48.0 + 62.0 * enhanced + 0.3 * fine)
        self._stomach(image, below, share)
        self._lungs(image, below, share, z_mm, fine, cloud)
        lay("pericardium", FAT_HU + 12.0, motion)
        lay("right_atrium", right_hu, motion)
        lay("right_ventricle", 0.9 * right_hu + 5.0, motion)
        lay("left_ventricle", 45.0 + 0.30 * max(left_hu - 45.0, 0.0), motion)
        self._chamber(image, below, share, left_hu, motion)
        lay("left_atrium", left_hu, motion)
        lay("inferior_cava", 45.0 + 0.3 * (right_hu - 45.0))
        lay("superior_cava", cava_hu)
        lay("pulmonary_veins", left_hu)
        lay("pulmonary_arteries", right_hu)
        lay("aorta", left_hu)
        self._oesophagus(image, below, share)
        self._bones(image, body, thorax, z_mm, fine)
        return image

    def _level(self, z_mm: float) -> tuple[int, float]:
        levels = self._grid[2]
        at = float(np.clip((z_mm - levels[0]) / (levels[1] - levels[0]), 0.0, len(levels) - 1.001))
        return int(at), at - int(at)

    def _field(self, name: str, below: int, share: float, around_mm: float = 8.0) -> "Patch | None":
        """Return a field near the slice where it is above -`around_mm`, None where it is so nowhere."""
        low, high = self._organs[name][below], self._organs[name][below + 1]
        plane = low + np.float32(share) * (high - low)
        near = plane > -around_mm
        rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
        if not rows.size:
            return None
        box = (
            self._span(self._grid[1], int(rows[0]), int(rows[-1])),
            self._span(self._grid[0], int(columns[0]), int(columns[-1])),
        )
        if box[0].start >= box[0].stop or box[1].start >= box[1].stop:
            return None
        moves = np.abs(high - low) / np.float32(self._grid[2][1] - self._grid[2][0])
        return Patch(
            box,
            self._on_slice(plane, box),
            self._on_slice(np.clip(moves, 0.0, 3.0), box) * np.float32(self._look.thickness_mm / 4),
        )

    def _span(self, axis_mm: Field, first: int, last: int) -> slice:
        step = axis_mm[1] - axis_mm[0]
        start, stop = np.searchsorted(self._xy_mm, (axis_mm[first] - step, axis_mm[last] + step))
        return slice(int(start), int(stop))

    def _on_slice(self, plane: Field, box: tuple[slice, slice]) -> Field:
        return _enlarged(plane, self._at, box)

    def _textured(self, texture: Field, z_mm: float) -> Field:
        at = float(np.clip((z_mm - self._grid[2][0]) / TEXTURE_MM, 0, len(texture) - 1.001))
        k, share = int(at), np.float32(at - int(at))
        # Two independent planes mixed lose contrast half-way: give it back.
        plane = (texture[k] * (1 - share) + texture[k + 1] * share) / np.sqrt(share**2 + (1 - share) ** 2)
        whole = slice(0, len(self._xy_mm))
        return _enlarged(plane, self._texture_at, (whole, whole))

    def _table(self, image: Field) -> None:
        y = self._xy_mm[:, None]
        x = self._xy_mm[None, :]
        top = self._build.half_depth + 9.0 - 0.0011 * x**2
        bottom = top + 12.0 + 0.0011 * x**2 * 0.6
        sides = np.clip((205.0 - np.abs(x)) / 3.0, 0.0, 1.0)
        foam = np.clip(y - top, 0.0, 1.0) * np.clip(bottom - y, 0.0, 1.0) * sides
        image += foam * 60.0
        for height, thick, hu in ((top, 1.1, 550.0), (bottom, 1.4, 750.0)):
            image += np.clip(thick - np.abs(y - height) + 0.5, 0.0, 1.0) * sides * hu

    def _wall(self, image: Field, body: "Patch", thorax: "Patch | None", cloud: Field, z_mm: float) -> None:
        """Paint skin, fat and the muscle layers with the fat between them."""
        build, soft = self._build, self._look.softness_mm
        _blend(image, body, FAT_HU + 0.6 * cloud, soft)
        skin = body.like(0.9 - np.abs(body.depth - 0.9))
        _blend(image, skin, 15.0, soft)
        if thorax is None:
            return
        box = body.box
        x = self._xy_mm[box[1]][None, :]
        y = self._xy_mm[box[0]][:, None]
        out = -_spread(thorax, image.shape)[box]
        shoulders = 1.0 / (1.0 + np.exp(-(z_mm - 100.0) / 14.0))
        fat = build.fat * (0.75 + 0.25 * np.clip(-y / 80.0, 0.0, 1.0)) * (1.0 - 0.35 * shoulders)
        wobble = 0.10 * cloud[box]
        trunk = _spread(self._field("trunk", *self._level(z_mm)) or body, image.shape)[box]
        gland = np.minimum(np.minimum(body.depth - 6.0, -trunk - 1.0), 0.4 * (cloud[box] - 2.0))
        _blend(image, body.like(gland), 15.0, soft)
        muscle = np.minimum(trunk - fat - wobble, out)
        # Fat planes: under the outer muscles, and in the middle of the back.
        outer = 12.0 + 5.0 * np.sin(0.030 * x + 0.9) + 9.0 * (y > 0) * np.abs(y) / 100.0 + 3.0 * wobble
        planes = np.minimum(1.0 - np.abs(out - outer), 92.0 - np.abs(x))
        second = np.minimum(0.8 - np.abs(out - 1.75 * outer), np.abs(x) - 30.0)
        midline = np.minimum(1.2 - np.abs(x - 0.3 * wobble), y - 60.0)
        muscle = np.minimum(muscle, -np.maximum(np.maximum(planes, second), midline) + 0.4)
        # The armpit and the front above the breast hold more fat than muscle.
        axilla = (
            26.0 - np.hypot((np.abs(x) - 126.0) * 0.9, (y + 16.0) * 0.8) + wobble - abs(z_mm - 84.0) * 0.45
        )
        muscle = np.minimum(muscle, -axilla)
        _blend(image, body.like(muscle), MUSCLE_HU + 0.35 * cloud[box], soft)
        ribs_between = np.minimum(out + 1.0, 9.0 - out)
        _blend(
            image, body.like(np.minimum(ribs_between, body.depth - 0.5 * fat)), 30.0 + 0.6 * cloud[box], soft
        )
        _blend(image, thorax, FAT_HU + 14.0 + 0.5 * cloud, soft)

    def _stomach(self, image: Field, below: int, share: float) -> None:
        field = self._field("stomach", below, share)
        if field is None:
            return
        soft = self._look.softness_mm
        _blend(image, field, 45.0, soft)
        inner = field.like(field.depth - 4.0)
        _blend(image, inner, 22.0, soft)
        y = self._xy_mm[field.box[0]][:, None]
        _blend(image, field.like(np.minimum(inner.depth, self._build.stomach_gas_y - y)), -995.0, soft)

    def _lungs(self, image: Field, below: int, share: float, z_mm: float, fine: Field, cloud: Field) -> None:
        field = self._field("lungs", below, share)
        if field is None:
            return
        build, soft = self._build, self._look.softness_mm
        box = field.box
        y = self._xy_mm[box[0]][:, None]
        hu = build.parenchyma_hu + 0.16 * y + 0.5 * cloud[box] + 1.7 * fine[box]
        behind = np.clip((y - 20.0) / 40.0, 0.0, 1.0)
        hu = hu + build.dependent_hu * behind * np.exp(-np.clip(field.depth, 0.0, None) / 4.0)
        if build.emphysema:
            holes = self._textured(self._holes, z_mm)[box] / 14.0
            high = 1.0 / (1.0 + np.exp(-(z_mm - 10.0) / 40.0))
            # The share of a normal variable above `edge` is about the emphysema's share.
            edge = 1.9 - 1.9 * build.emphysema - 0.9 * high
            hu = hu - 95.0 * np.clip((holes - edge) * 1.1 + 0.3, 0.0, 1.0)
        _blend(image, field, np.clip(hu, -985.0, -400.0), soft)
        for name in ("fissure_right", "fissure_left", "fissure_minor"):
            fissure = self._organs[name][below] * (1 - np.float32(share)) + self._organs[name][
                below + 1
            ] * np.float32(share)
            surface = self._on_slice(fissure, box)
            moves = (
                0.7 * self._look.thickness_mm if name == "fissure_minor" else 0.35 * self._look.thickness_mm
            )
            width = 0.7 + 0.5 * soft + 0.5 * moves
            line = np.exp(-((surface / width) ** 2)) * (0.9 / width) * np.clip(field.depth / 2.0, 0.0, 1.0)
            image[box] += (170.0 * line).astype(np.float32)

    def _chamber(self, image: Field, below: int, share: float, left_hu: float, motion: float) -> None:
        field = self._field("left_ventricle", below, share)
        if field is not None:
            _blend(image, field.like(field.depth - 10.0), left_hu, self._look.softness_mm + motion)

    def _oesophagus(self, image: Field, below: int, share: float) -> None:
        field = self._field("oesophagus", below, share)
        if field is not None:
            _blend(image, field, 38.0, self._look.softness_mm)
            if self._build.rib_phase % 3.0 < 1.0:
                _blend(image, field.like(field.depth - 5.0), -700.0, self._look.softness_mm)

    def _bones(self, image: Field, body: "Patch", thorax: "Patch | None", z_mm: float, fine: Field) -> None:
        self._vertebra(image, z_mm, fine)
        if thorax is None:
            return
        build, box = self._build, body.box
        x = self._xy_mm[box[1]][None, :]
        y = self._xy_mm[box[0]][:, None]
        out = -_spread(thorax, image.shape)[box]
        side = np.abs(x)
        near_front = np.clip(1.0 - (y + 45.0) / 25.0, 0.0, 1.0)
        rise = 0.45 * y - 0.22 * side + 0.42 * np.clip(70.0 - side, 0.0, None) * near_front
        level = ((z_mm - rise - build.rib_phase) % LEVEL_MM) - LEVEL_MM / 2
        rib = 3.4 * (1.0 - np.hypot((out - 5.0) / 3.4, level / 6.2))
        rib = np.minimum(rib, side - 12.0)
        moves = 0.12 * self._look.thickness_mm
        is_cartilage = (y < -30.0) & (side < 78.0 - 0.15 * z_mm)
        bone = body.like(np.where(is_cartilage, -5.0, rib), moves)
        self._bone(image, bone, fine[box], cortex_mm=1.0)
        _blend(image, body.like(np.where(is_cartilage, rib, -5.0), moves), 95.0, self._look.softness_mm)
        wide = 15.0 + 11.0 / (1.0 + np.exp(-(z_mm - 62.0) / 6.0))
        sternum = 5.0 * (1.0 - ((np.abs(out - 6.5) / 5.0) ** 3 + (side / wide) ** 3) ** (1 / 3))
        sternum = np.minimum(sternum, np.where(y < 0, 6.0, -6.0))
        sternum = np.minimum(sternum, min(88.0 - z_mm, z_mm + 78.0))
        self._bone(image, body.like(sternum), fine[box], cortex_mm=1.0, marrow_hu=110.0)
        # The shoulder blade: a thin curved plate over the ribs of the back, thick at its outer border.
        inner_edge = 66.0 + 0.22 * np.clip(95.0 - z_mm, 0.0, None)
        away = 13.0 + 0.30 * (side - 66.0)
        plate = np.minimum(
            1.5 + 3.2 * np.clip((side - 112.0) / 14.0, 0.0, 1.0) - np.abs(out - away), side - inner_edge
        )
        plate = np.minimum(plate, np.minimum(y - 14.0, min(z_mm + 18.0, 128.0 - z_mm)))
        plate = np.minimum(plate, body.depth - 0.8 * build.fat)
        self._bone(image, body.like(plate, 0.1 * moves), fine[box], cortex_mm=1.3)

    def _vertebra(self, image: Field, z_mm: float, fine: Field) -> None:
        """Paint body, disc, canal, arch and processes of the spine in this slice."""
        build = self._build
        centre = float(build.spine_y(z_mm))
        box = (
            slice(*(int(i) for i in np.searchsorted(self._xy_mm, (centre - 24.0, centre + 64.0)))),
            slice(*(int(i) for i in np.searchsorted(self._xy_mm, (-50.0, 50.0)))),
        )
        y = self._xy_mm[box[0]][:, None] - centre
        x = self._xy_mm[box[1]][None, :]
        if not x.size or not y.size:
            return
        level = (z_mm - build.rib_phase + 4.0) % LEVEL_MM - LEVEL_MM / 2
        waist = 1.0 - 0.10 * np.clip(1.0 - (np.abs(level) / 9.0) ** 2, 0.0, 1.0)
        column = 14.5 * (1.0 - np.hypot(x / (18.0 * waist), y / (14.5 * waist)))
        canal = 8.2 - np.hypot(x, y - 21.0)
        column = np.minimum(column, -canal - 1.0)
        arch = np.minimum(2.4 - np.abs(np.hypot(x * 0.85, y - 21.0) - 11.0), y - 12.0)
        arch = np.minimum(arch, 8.5 - abs(level - 2.0) * 0.8)
        tip = 36.0 - 0.15 * abs(level) * 8
        across = np.minimum(
            4.6 - np.hypot((y - 24.0 - 0.28 * np.abs(x)) * 1.0, (level - 4.0) * 0.7), tip - np.abs(x)
        )
        across = np.minimum(across, np.abs(x) - 9.0)
        spinous = np.minimum(2.6 - np.abs(x + 0.05 * y), np.minimum(y - 30.0, 52.0 - y))
        # It hangs down by more than a vertebra's height: in a slice its tip belongs to the level above.
        spinous = np.minimum(spinous, 6.5 - np.abs((level + 0.62 * (y - 34.0) + 12.0) % LEVEL_MM - 12.0))
        patch = Patch(box, column, np.zeros_like(column))
        self._bone(
            image, patch.like(np.maximum(np.maximum(arch, across), spinous)), fine[box], 1.3, MARROW_HU
        )
        disc = np.clip((abs(level) - 8.8) / (0.6 + 0.25 * self._look.thickness_mm), 0.0, 1.0)
        plate = np.exp(-(((abs(level) - 8.2) / (0.8 + 0.3 * self._look.thickness_mm)) ** 2))
        self._bone(
            image,
            patch,
            fine[box],
            1.0,
            MARROW_HU * (1 - disc) + 85.0 * disc + 110.0 * plate * (1 - disc),
            1 - 0.8 * disc,
        )
        _blend(image, patch.like(canal), 28.0, self._look.softness_mm)

    def _bone(
        self,
        image: Field,
        patch: "Patch",
        fine: Field,
        cortex_mm: float,
        marrow_hu: float = MARROW_HU,
        cortex_share: float = 1.0,
    ) -> None:
        """Paint a bone: cortex outside, spongy marrow inside."""
        soft = self._look.softness_mm
        _blend(image, patch, marrow_hu + 2.6 * fine, soft)
        shell = patch.like(0.5 * cortex_mm - np.abs(patch.depth - 0.5 * cortex_mm))
        peak = marrow_hu + cortex_share * (CORTEX_HU - marrow_hu)
        _blend(image, shell, peak, soft)


@dataclass(frozen=True, slots=True)
class Patch:
    """A field on a part of a slice.

    Attributes:
        box: rows and columns of the slice.
        depth: (row, column), positive inside, mm.
        blur_mm: by how much the slice's thickness softens the border.
    """

    box: tuple[slice, slice]
    depth: Field
    blur_mm: Field

    def like(self, depth: Field, blur_mm: float | None = None) -> "Patch":
        """Return another field on the same part."""
        depth = np.broadcast_to(np.asarray(depth, dtype=np.float32), self.depth.shape)
        return Patch(self.box, depth, self.blur_mm if blur_mm is None else np.full_like(self.depth, blur_mm))


def _spread(patch: Patch, shape: tuple[int, ...]) -> Field:
    """Return a patch's depth on the whole slice, far outside where it says nothing."""
    whole = np.full(shape, ABSENT, dtype=np.float32)
    whole[patch.box] = patch.depth
    return whole


def _blend(image: Field, patch: Patch, hu: float | Field, softness_mm: float) -> None:
    share = np.clip(patch.depth / (2 * (softness_mm + patch.blur_mm)) + 0.5, 0.0, 1.0)
    block = image[patch.box]
    if isinstance(hu, np.ndarray) and hu.shape != block.shape:
        hu = hu[patch.box]
    block += share * (hu - block)


def _list_of(axis_mm: Field, step_mm: float, count: int) -> Field:
    return np.asarray(axis_mm[0] + step_mm * np.arange(count), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Between:
    """Where the positions of one list lie between those of a coarser one; beyond the ends the end counts."""

    below: NDArray[np.intp]
    share: NDArray[np.float32]

    @classmethod
    def of(cls, coarse_mm: Field, fine_mm: Field) -> "_Between":
        at = np.clip((fine_mm - coarse_mm[0]) / (coarse_mm[1] - coarse_mm[0]), 0.0, len(coarse_mm) - 1.001)
        below = at.astype(np.intp)
        return cls(below, (at - below).astype(np.float32))

    def between(self, plane: Field, part: slice, axis: int) -> Field:
        """Return a plane at the finer positions of one axis, linear in between."""
        below, share = self.below[part], self.share[part]
        low = plane.take(below, axis)
        return np.asarray(
            low + (share[:, None] if axis == 0 else share) * (plane.take(below + 1, axis) - low)
        )


def _enlarged(plane: Field, at: tuple[_Between, _Between], box: tuple[slice, slice]) -> Field:
    """Return the part of a plane that lies in a box of the finer grid."""
    return np.asarray(at[0].between(at[1].between(plane, box[1], axis=1), box[0], axis=0))


def _texture(
    rng: np.random.Generator, shape: tuple[int, ...], sigma: float, *, skewed: bool = False
) -> Field:
    """Return noise of deviation 14 on the texture's grid, smooth over `sigma` steps."""
    coarse = max(1, int(sigma / 1.3))
    small = tuple(-(-n // coarse) + 1 for n in shape)
    noise = ndimage.gaussian_filter(rng.standard_normal(small, dtype=np.float32), sigma / coarse, mode="wrap")
    noise /= max(float(noise.std()), 1e-6)
    if coarse > 1:
        noise = ndimage.zoom(noise, coarse, order=1, grid_mode=True, mode="nearest")
    noise = noise[: shape[0], : shape[1], : shape[2]]
    if skewed:
        noise = np.exp(0.35 * noise)
        noise = (noise - noise.mean()) / noise.std()
    return np.asarray(14.0 * noise, dtype=np.float32)
