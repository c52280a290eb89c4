"""Chest CTs that nobody was exposed for, with every nodule's place and size known.

`chest_ct` makes a series as a scanner would send it. It serves as demo study, as test with exact
truth, and as training material. The same seed gives the same series, UIDs included.
"""

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid
from scipy import ndimage

from inference.phantoms.chest_anatomy import Build, Field, build_of, fields, lung_depth, paint
from inference.phantoms.chest_dicom import RESCALE_INTERCEPT_HU, ct_slice
from inference.phantoms.chest_vessels import Branch, draw_branch, grow_tree

FIELD_OF_VIEW_MM = 384.0
COARSE_MM = 3.0
SUB_SLICE_MM = 1.3  # thicker slices are averages of planes this far apart: partial volume
VESSEL_HU = 40.0
TWIGS = 420  # of each of the four trees


class NoduleKind(StrEnum):
    SOLID = "solid"
    SPICULATED = "spiculated"
    JUXTAPLEURAL = "juxtapleural"
    JUXTAVASCULAR = "juxtavascular"
    CALCIFIED = "calcified"
    PART_SOLID = "part-solid"
    GROUND_GLASS = "ground-glass"


@dataclass(frozen=True, slots=True)
class NoduleTruth:
    """One nodule of a phantom.

    Attributes:
        centre_lps_mm: its centre.
        diameter_mm: of the ball it was made from; lumps add to it and take away alike.
        kind: how it looks.
        sop_instance_uid: of the slice nearest to the centre.
        slice_index: that slice's place in the series, from feet to head, zero-based.
    """

    centre_lps_mm: tuple[float, float, float]
    diameter_mm: float
    kind: NoduleKind
    sop_instance_uid: str = ""
    slice_index: int = -1

    def to_json(self) -> dict[str, object]:
        """Return the truth as plain values."""
        return asdict(self)


def chest_ct(
    seed: int,
    folder: Path | None = None,
    *,
    slices: int = 60,
    rows: int = 512,
    slice_thickness_mm: float = 2.5,
    nodule_diameters_mm: tuple[float, ...] | None = None,
    kinds: tuple[NoduleKind, ...] | None = None,
    noise_hu: float = 28.0,
    enhanced: bool | None = None,
    patient_name: str = "DEMO^PHANTOM",
    patient_id: str | None = None,
) -> tuple[list[Dataset], tuple[NoduleTruth, ...]]:
    """Return a chest CT series, from feet to head, and its nodules; write it to `folder` if one is given.

    Args:
        seed: everything random follows from it.
        folder: gets one file a slice; it is made if it is not there.
        slices: how many; 60 of 2.5 mm show the middle of the chest, 112 of 2.5 mm all of it.
        rows: rows and columns of a slice; the field of view stays FIELD_OF_VIEW_MM.
        slice_thickness_mm: thickness and distance of slices.
        nodule_diameters_mm: one nodule for each; three of 6 to 24 mm by default. A nodule that
            finds no room in what the slices show is left out of the truth too.
        kinds: one for each nodule; random by default.
        noise_hu: standard deviation in soft tissue.
        enhanced: with contrast medium or without; random by default.
    """
    rng = np.random.default_rng(seed)
    build = build_of(rng, enhanced)
    if nodule_diameters_mm is None:
        nodule_diameters_mm = tuple(float(d) for d in np.round(rng.uniform((6, 8, 14), (8, 14, 24)), 1))
    if kinds is None:
        kinds = tuple(NoduleKind(str(k)) for k in rng.choice(list(NoduleKind), len(nodule_diameters_mm)))
    pixel_mm = FIELD_OF_VIEW_MM / rows
    edge_mm = -(rows - 1) / 2 * pixel_mm
    xy_mm = (edge_mm + np.arange(rows) * pixel_mm).astype(np.float32)
    z_mm = (5.0 + (np.arange(slices) - (slices - 1) / 2) * slice_thickness_mm).astype(np.float32)
    voxels, nodules = _voxels(
        rng, build, xy_mm, z_mm, slice_thickness_mm, pixel_mm, nodule_diameters_mm, kinds
    )
    _add_noise(rng, voxels, noise_hu, pixel_mm)

    uids = [
        generate_uid(
            entropy_srcs=[
                "teleconsult chest phantom",
                str(seed),
                str(rows),
                str(slices),
                str(slice_thickness_mm),
                patient_name,
                str(n),
            ]
        )
        for n in range(slices + 3)
    ]
    datasets = [
        ct_slice(
            stored=np.clip(np.rint(plane) - RESCALE_INTERCEPT_HU, 0, 4095).astype(np.uint16),
            number=k + 1,
            position_mm=(edge_mm, edge_mm, float(z_mm[k])),
            pixel_mm=pixel_mm,
            thickness_mm=slice_thickness_mm,
            study_instance_uid=uids[-1],
            series_instance_uid=uids[-2],
            frame_of_reference_uid=uids[-3],
            sop_instance_uid=uids[k],
            patient_name=patient_name,
            patient_id=patient_id or f"PHANTOM-CT-{seed:04d}",
            enhanced=build.enhanced,
        )
        for k, plane in enumerate(voxels)
    ]
    truth = tuple(
        NoduleTruth(n.centre_lps_mm, n.diameter_mm, n.kind, uids[k], k)
        for n in nodules
        for k in [int(np.abs(z_mm - n.centre_lps_mm[2]).argmin())]
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for k, dataset in enumerate(datasets):
            dataset.save_as(folder / f"CT{k + 1:04d}.dcm", enforce_file_format=True)
    return datasets, truth


def _voxels(
    rng: np.random.Generator,
    build: Build,
    xy_mm: Field,
    z_mm: Field,
    thickness_mm: float,
    pixel_mm: float,
    diameters_mm: tuple[float, ...],
    kinds: tuple[NoduleKind, ...],
) -> tuple[Field, list[NoduleTruth]]:
    """Return noise-free (slice, row, column) HU and the nodules in them."""
    low, high = float(xy_mm[0]), float(xy_mm[-1])
    coarse_xy = np.arange(low - COARSE_MM, high + 2 * COARSE_MM, COARSE_MM, dtype=np.float32)
    # The trees start outside a sub-volume: they are grown in the whole chest and then cut.
    coarse_z = np.arange(
        min(-112.0, float(z_mm[0]) - 6), max(150.0, float(z_mm[-1]) + 8), COARSE_MM, dtype=np.float32
    )
    organs = fields(build, coarse_xy, coarse_xy, coarse_z)
    depth = lung_depth(organs)
    branches = _vessels(rng, depth, coarse_xy, coarse_z)
    nodules = _place(rng, depth, coarse_xy, coarse_z, z_mm, diameters_mm, kinds, branches)

    softness_mm = max(0.55, 0.6 * pixel_mm)
    sub = max(1, int(np.ceil(thickness_mm / SUB_SLICE_MM)))
    image = np.empty((len(z_mm) * sub, len(xy_mm), len(xy_mm)), dtype=np.float32)
    for k, z in enumerate(z_mm):
        at = (float(z) - float(coarse_z[0])) / COARSE_MM
        below = min(int(at), len(coarse_z) - 2)
        share = np.float32(at - below)
        plane = {
            name: _enlarged(field[below] * (1 - share) + field[below + 1] * share, coarse_xy, xy_mm)
            for name, field in organs.items()
        }
        image[k * sub : (k + 1) * sub] = paint(plane, build, softness_mm)
    image += _texture(rng, image, build)
    fine_z = (
        (z_mm[:, None] + (np.arange(sub)[None] - (sub - 1) / 2) * thickness_mm / sub)
        .ravel()
        .astype(np.float32)
    )
    blood = VESSEL_HU + 110.0 * build.enhanced
    for branch in branches:
        draw_branch(image, xy_mm, xy_mm, fine_z, branch, blood, softness_mm)
    for branch in _airways(branches):
        draw_branch(image, xy_mm, xy_mm, fine_z, branch, -990.0, softness_mm, wall_mm=1.3, wall_hu=20.0)
    for nodule in nodules:
        _draw_nodule(rng, image, xy_mm, fine_z, nodule, build, softness_mm)
    return image.reshape(len(z_mm), sub, *image.shape[1:]).mean(axis=1), nodules


def _enlarged(plane: Field, coarse_mm: Field, fine_mm: Field) -> Field:
    """Return a square plane at finer positions along both axes, linear in between."""
    at = (fine_mm - coarse_mm[0]) / COARSE_MM
    below = np.clip(at.astype(int), 0, len(coarse_mm) - 2)
    share = (at - below).astype(np.float32)
    plane = plane[below] * (1 - share)[:, None] + plane[below + 1] * share[:, None]
    return np.asarray(plane[:, below] * (1 - share) + plane[:, below + 1] * share)


def _texture(rng: np.random.Generator, image: Field, build: Build) -> Field:
    """Return the slight unevenness of lung: denser at the back, cloudy over a centimetre."""
    shape = (max(2, len(image) // 6 + 2), image.shape[1] // 24 + 2, image.shape[2] // 24 + 2)
    cloud = rng.normal(0, 14.0, shape).astype(np.float32)
    zoom = [n / s for n, s in zip(image.shape, shape, strict=True)]
    cloud = ndimage.zoom(cloud, zoom, order=1, mode="nearest", grid_mode=True)[: len(image)]
    dorsal = np.linspace(-25.0, 35.0, image.shape[1], dtype=np.float32)[None, :, None]
    airy = np.clip((-500.0 - image) / 200.0, 0.0, 1.0) * (image > build.parenchyma_hu - 40)
    return np.asarray((cloud + dorsal) * airy, dtype=np.float32)


def _vessels(rng: np.random.Generator, depth: Field, xy_mm: Field, z_mm: Field) -> list[Branch]:
    """Return arteries and veins of both lungs, each from its hilum to targets spread over the lung."""
    branches: list[Branch] = []
    inside = np.argwhere(depth > 3.0)
    points = np.stack([xy_mm[inside[:, 2]], xy_mm[inside[:, 1]], z_mm[inside[:, 0]]], axis=1).astype(float)
    for side in (-1.0, 1.0):
        lung = points[np.sign(points[:, 0]) == side]
        for root in ((side * 34.0, 4.0, 12.0), (side * 30.0, 12.0, -12.0)):
            if not len(lung):
                continue
            targets = lung[rng.integers(0, len(lung), TWIGS)] + rng.normal(0, COARSE_MM / 3, (TWIGS, 3))
            branches += grow_tree(rng, np.array(root), targets)
    return branches


def _airways(branches: list[Branch]) -> list[Branch]:
    """Return trachea, main bronchi and the bronchi that keep the larger vessels company."""

    def piece(a: tuple[float, float, float], b: tuple[float, float, float], r0: float, r1: float) -> Branch:
        return Branch(np.array(a), np.array(b), r0, r1)

    airways = [
        piece((0, 14, 160), (0, 16, 34), 8.5, 8.0),
        piece((0, 16, 34), (-30, 14, 14), 6.5, 5.5),
        piece((-30, 14, 14), (-38, 16, -12), 4.5, 3.6),
        piece((0, 16, 34), (36, 18, 10), 6.2, 4.8),
        piece((36, 18, 10), (42, 22, -14), 4.2, 3.4),
    ]
    beside = np.array([3.0, 5.5, 1.0])
    for branch in branches:
        if 1.7 < branch.end_radius_mm < 3.6:
            radius = 0.62 * branch.end_radius_mm
            airways.append(Branch(branch.start_mm + beside, branch.end_mm + beside, radius, radius))
    return airways


def _place(
    rng: np.random.Generator,
    depth: Field,
    xy_mm: Field,
    z_mm: Field,
    slices_mm: Field,
    diameters_mm: tuple[float, ...],
    kinds: tuple[NoduleKind, ...],
    branches: list[Branch],
) -> list[NoduleTruth]:
    """Return nodules where each kind belongs, clear of each other and of the larger vessels."""
    placed: list[NoduleTruth] = []
    thick = np.array(
        [[*(b.start_mm + b.end_mm) / 2, b.end_radius_mm] for b in branches if b.end_radius_mm > 1.2]
    )
    thin = [b for b in branches if 0.7 < b.end_radius_mm < 1.6]
    for diameter, kind in zip(diameters_mm, kinds, strict=True):
        radius = diameter / 2
        if kind is NoduleKind.JUXTAPLEURAL:
            room = (depth > 0.35 * radius) & (depth < 0.35 * radius + 2.5)
            room &= np.abs(xy_mm)[None, None, :] > 45.0  # the chest wall, not the mediastinum
        else:
            room = depth > radius + 2.5
        room &= ((z_mm > slices_mm[0] + 0.8 * radius) & (z_mm < slices_mm[-1] - 0.8 * radius))[:, None, None]
        where = np.argwhere(room)
        for _ in range(400 if len(where) else 0):
            k, j, i = where[rng.integers(len(where))]
            centre = np.array([xy_mm[i], xy_mm[j], z_mm[k]], dtype=float) + rng.uniform(-1, 1, 3)
            if kind is NoduleKind.JUXTAVASCULAR:
                near = [b for b in thin if np.linalg.norm(b.start_mm - centre) < 12.0]
                if not near:
                    continue
                branch = near[int(rng.integers(len(near)))]
                away = centre - branch.start_mm
                centre = branch.start_mm + away / max(float(np.linalg.norm(away)), 1e-6) * (0.8 * radius)
            if (
                len(thick)
                and (np.linalg.norm(thick[:, :3] - centre, axis=1) < radius + thick[:, 3] + 1.5).any()
            ):
                continue
            if any(
                np.linalg.norm(np.array(n.centre_lps_mm) - centre) < radius + n.diameter_mm / 2 + 15
                for n in placed
            ):
                continue
            if not slices_mm[0] + 0.5 * radius < centre[2] < slices_mm[-1] - 0.5 * radius:
                continue
            place = (round(float(centre[0]), 2), round(float(centre[1]), 2), round(float(centre[2]), 2))
            placed.append(NoduleTruth(place, diameter, kind))
            break
    return placed


def _draw_nodule(
    rng: np.random.Generator,
    image: Field,
    xy_mm: Field,
    z_mm: Field,
    nodule: NoduleTruth,
    build: Build,
    softness_mm: float,
) -> None:
    """Draw a nodule into the image in place: a lumpy ball, with what its kind adds."""
    radius = nodule.diameter_mm / 2
    centre = np.array(nodule.centre_lps_mm)
    reach = radius * 1.35 + 2
    box = tuple(
        slice(*np.searchsorted(grid, (c - reach, c + reach)))
        for grid, c in ((z_mm, centre[2]), (xy_mm, centre[1]), (xy_mm, centre[0]))
    )
    z, y, x = (
        z_mm[box[0]][:, None, None] - centre[2],
        xy_mm[box[1]][:, None] - centre[1],
        xy_mm[box[2]] - centre[0],
    )
    apart = np.sqrt(x**2 + y**2 + z**2) + 1e-6
    lumps = np.zeros(apart.shape)
    roughness = 0.16 if nodule.kind is NoduleKind.SPICULATED else 0.08
    for _ in range(6):
        direction = rng.normal(size=3)
        direction /= np.linalg.norm(direction)
        cosine = (x * direction[0] + y * direction[1] + z * direction[2]) / apart
        lumps += rng.normal(0, roughness / 2) * np.cos(rng.integers(2, 5) * np.arccos(np.clip(cosine, -1, 1)))
    surface = radius * (1 + np.clip(lumps, -0.25, 0.25))
    hu = {
        NoduleKind.CALCIFIED: float(rng.uniform(250, 420)),
        NoduleKind.GROUND_GLASS: float(rng.uniform(-640, -520)),
        NoduleKind.PART_SOLID: float(rng.uniform(-600, -480)),
    }.get(nodule.kind, float(rng.uniform(10, 55)) + 25.0 * build.enhanced)
    softness = softness_mm * (2.5 if nodule.kind in (NoduleKind.GROUND_GLASS, NoduleKind.PART_SOLID) else 1.0)
    block = image[box]
    inside = np.clip((surface - apart) / (2 * softness) + 0.5, 0.0, 1.0)
    block += (inside * np.maximum(hu - block, 0.0)).astype(np.float32)
    if nodule.kind is NoduleKind.PART_SOLID:
        core = np.clip((0.5 * surface - apart) / (2 * softness_mm) + 0.5, 0.0, 1.0)
        block += (core * np.maximum(20.0 - block, 0.0)).astype(np.float32)
    if nodule.kind is NoduleKind.SPICULATED:
        for _ in range(int(rng.integers(14, 24))):
            direction = rng.normal(size=3)
            direction /= np.linalg.norm(direction)
            spike = Branch(
                centre + direction * radius * 0.8,
                centre + direction * (radius + rng.uniform(2.5, 7.0)),
                float(rng.uniform(0.6, 1.1)),
                0.25,
            )
            draw_branch(image, xy_mm, xy_mm, z_mm, spike, 0.0, softness_mm)


def _add_noise(rng: np.random.Generator, voxels: Field, noise_hu: float, pixel_mm: float) -> None:
    """Add noise in place, grainy as filtered back projection leaves it: coarse grain is missing."""
    for plane in voxels:
        white = rng.standard_normal(plane.shape, dtype=np.float32)
        grain = ndimage.gaussian_filter(white, 0.55 / max(pixel_mm, 0.5))
        grain -= ndimage.gaussian_filter(white, 2.2 / max(pixel_mm, 0.5))
        grain *= noise_hu / max(float(grain.std()), 1e-6)
        dose = np.where(plane < -950, 0.35, np.where(plane < -500, 0.7, 1.0)).astype(np.float32)
        plane += grain * ndimage.uniform_filter(dose, 9)
