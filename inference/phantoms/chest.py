"""Chest CTs that nobody was exposed for, with every nodule's place and size known.

`chest_ct` makes a series as a scanner would send it; `random_chest_ct` draws patient and scan from
a seed. They serve as demo study, as tests with exact truth, and as training material. The same seed
gives the same series, UIDs included.

What is as in a patient: lungs that are denser at the back, with fine texture, fissures and, in
some, emphysema; trees of arteries, veins and airways that taper to the pleura; heart chambers and great
vessels with the contrast of four phases; spine, ribs, breastbone and shoulder blades with cortex and
marrow; skin, fat and muscle layers; domes of the diaphragm over liver, spleen and stomach gas; slices that
average over their thickness; noise with a kernel's spectrum, less of it in the lungs; strands
and plates that are no nodules.

What is not: no lymph nodes, no hila crowded as in life, no streaks from metal or dense contrast, no arms,
no bowel, no disease of the lung but nodules and emphysema; airways end at the third generation; the
heart's motion only softens its border; breathing does not show. What a reader scores on phantoms says how
well it does on phantoms.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom import Dataset
from pydicom.uid import generate_uid
from scipy import fft, ndimage

from inference.phantoms.chest_anatomy import (
    BLOOD_HU,
    GRID_MM,
    Build,
    Field,
    Phase,
    Point,
    build_of,
    fields,
    lung_depth,
)
from inference.phantoms.chest_dicom import RESCALE_INTERCEPT_HU, ct_slice
from inference.phantoms.chest_lesions import (
    NoduleKind,
    NoduleTruth,
    draw_distractors,
    draw_nodule,
    place_nodules,
)
from inference.phantoms.chest_painting import CORTEX_HU, MARROW_HU, Look, Painter
from inference.phantoms.chest_vessels import Branch, Slices, draw_branch, draw_tubes, draw_twigs, grow_tree

__all__ = [
    "FIELD_OF_VIEW_MM",
    "RESCALE_INTERCEPT_HU",
    "Kernel",
    "NoduleKind",
    "NoduleTruth",
    "Phase",
    "chest_ct",
    "random_chest_ct",
]

FIELD_OF_VIEW_MM: Final = 384.0
TWIGS: Final = 1300  # of each of the four trees
TWIG_RADIUS_MM: Final = 0.45
# What is thinner than this many pixels is drawn as what it fills of each voxel.
THIN_PIXELS: Final = 1.3


class Kernel(StrEnum):
    """A reconstruction kernel, by what is written in Convolution Kernel."""

    SOFT = "SOFT"
    STANDARD = "STANDARD"
    SHARP = "SHARP"


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What a kernel does.

    Attributes:
        softness_mm: half the width of an edge, as long as pixels are fine enough.
        noise_per_mm: the frequency above which there is little noise.
        overshoot: how much of an edge is added to it again.
    """

    softness_mm: float
    noise_per_mm: float
    overshoot: float


SHARPNESS: Final[dict[Kernel, Sharpness]] = {
    Kernel.SOFT: Sharpness(0.75, 0.30, 0.0),
    Kernel.STANDARD: Sharpness(0.55, 0.42, 0.0),
    Kernel.SHARP: Sharpness(0.40, 0.75, 0.45),
}


def chest_ct(
    seed: int,
    folder: Path | None = None,
    *,
    slices: int = 60,
    rows: int = 512,
    slice_thickness_mm: float = 2.5,
    slice_distance_mm: float | None = None,
    field_of_view_mm: float = FIELD_OF_VIEW_MM,
    nodule_diameters_mm: tuple[float, ...] | None = None,
    kinds: tuple[NoduleKind, ...] | None = None,
    distractors: int = 6,
    noise_hu: float = 28.0,
    kernel: Kernel = Kernel.STANDARD,
    enhanced: bool | None = None,
    phase: Phase | None = None,
    heart_motion_mm: float = 0.8,
    patient_name: str = "DEMO^PHANTOM",
    patient_id: str | None = None,
) -> tuple[list[Dataset], tuple[NoduleTruth, ...]]:
    """Return a chest CT series, from feet to head, and its nodules; write it to `folder` if one is given.

    Args:
        seed: everything random follows from it.
        folder: gets one file a slice; it is made if it is not there.
        slices: how many; 60 of 2.5 mm show the middle of the chest, 112 of 2.5 mm all of it.
        rows: rows and columns of a slice.
        slice_thickness_mm: what a slice is the average over.
        slice_distance_mm: from one to the next; the thickness by default.
        field_of_view_mm: width of a slice.
        nodule_diameters_mm: one nodule for each; three of 6 to 24 mm by default. A nodule that
            finds no room in what the slices show is left out of the truth too.
        kinds: one for each nodule; random by default.
        distractors: strands and plates that are no nodules.
        noise_hu: standard deviation in soft tissue.
        kernel: soft, standard or sharp.
        enhanced: with contrast medium or without; random by default.
        phase: of the contrast medium, exactly.
        heart_motion_mm: by how much its border is blurred.
    """
    rng = np.random.default_rng(seed)
    build = _patient(rng, enhanced, phase)
    if nodule_diameters_mm is None:
        nodule_diameters_mm = tuple(float(d) for d in np.round(rng.uniform((6, 8, 14), (8, 14, 24)), 1))
    if kinds is None:
        kinds = tuple(NoduleKind(str(k)) for k in rng.choice(list(NoduleKind), len(nodule_diameters_mm)))
    distance_mm = slice_thickness_mm if slice_distance_mm is None else slice_distance_mm
    pixel_mm = field_of_view_mm / rows
    edge_mm = -(rows - 1) / 2 * pixel_mm
    grid = Slices(
        (edge_mm + np.arange(rows) * pixel_mm).astype(np.float32),
        (5.0 + (np.arange(slices) - (slices - 1) / 2) * distance_mm).astype(np.float32),
        slice_thickness_mm,
        max(SHARPNESS[kernel].softness_mm, 0.6 * pixel_mm),
    )
    voxels, nodules = _voxels(rng, build, grid, heart_motion_mm, nodule_diameters_mm, kinds, distractors)
    _scan(rng, voxels, noise_hu, SHARPNESS[kernel], grid)

    names = (seed, rows, slices, slice_thickness_mm, distance_mm, patient_name)
    uids = [
        generate_uid(entropy_srcs=["teleconsult chest phantom", *map(str, names), str(n)])
        for n in range(slices + 3)
    ]
    datasets = [
        ct_slice(
            stored=np.clip(np.rint(plane) - RESCALE_INTERCEPT_HU, 0, 4095).astype(np.uint16),
            number=k + 1,
            position_mm=(edge_mm, edge_mm, float(grid.z_mm[k])),
            pixel_mm=pixel_mm,
            thickness_mm=slice_thickness_mm,
            distance_mm=distance_mm,
            kernel=kernel,
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
        replace(nodule, sop_instance_uid=uids[k], slice_index=k)
        for nodule in nodules
        for k in [int(np.abs(grid.z_mm - nodule.centre_lps_mm[2]).argmin())]
    )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for k, dataset in enumerate(datasets):
            dataset.save_as(folder / f"CT{k + 1:04d}.dcm", enforce_file_format=True)
    return datasets, truth


def random_chest_ct(
    seed: int, folder: Path | None = None, *, coverage_mm: float = 150.0, **fixed: Any
) -> tuple[list[Dataset], tuple[NoduleTruth, ...]]:
    """Return a phantom whose scan, too, follows from the seed: as different as hospitals are.

    Args:
        seed: everything follows from it.
        folder: as for `chest_ct`.
        coverage_mm: height of what is scanned.
        fixed: arguments of `chest_ct` that are not to be drawn.
    """
    rng = np.random.default_rng([seed, 4_711])
    thickness_mm = float(fixed.get("slice_thickness_mm", rng.choice([0.625, 1.0, 1.25, 2.0, 2.5, 3.0, 5.0])))
    overlap = float(rng.choice([1.0, 1.0, 1.0, 0.8]))
    distance_mm = float(fixed.get("slice_distance_mm", thickness_mm * overlap))
    kernel = Kernel(str(rng.choice(list(Kernel), p=(0.3, 0.4, 0.3))))
    # Half the dose is 1.4 times the noise, and so is half the thickness.
    dose_noise_hu = float(np.exp(rng.uniform(np.log(9.0), np.log(32.0))))
    sharp = {Kernel.SOFT: 0.6, Kernel.STANDARD: 1.0, Kernel.SHARP: 2.2}[kernel]
    count = int(rng.integers(0, 7))
    drawn: dict[str, Any] = {
        "slices": max(8, round(coverage_mm / distance_mm)),
        "slice_thickness_mm": thickness_mm,
        "slice_distance_mm": distance_mm,
        "field_of_view_mm": float(rng.uniform(300.0, 400.0)),
        "kernel": kernel,
        "noise_hu": min(70.0, dose_noise_hu * sharp * float(np.sqrt(2.5 / thickness_mm))),
        "phase": Phase(str(rng.choice(list(Phase), p=(0.5, 0.1, 0.2, 0.2)))),
        "heart_motion_mm": float(rng.uniform(0.0, 3.0)),
        "nodule_diameters_mm": tuple(
            float(d) for d in np.round(np.exp(rng.uniform(np.log(3), np.log(30), count)), 1)
        ),
        "distractors": int(rng.integers(0, 16)),
    }
    return chest_ct(seed, folder, **{**drawn, **fixed})


def _patient(rng: np.random.Generator, enhanced: bool | None, phase: Phase | None) -> Build:
    if phase is None and enhanced is not None:
        phase = [Phase.ARTERIAL, Phase.VENOUS][int(rng.integers(2))] if enhanced else Phase.PLAIN
    return build_of(rng, phase)


def _voxels(
    rng: np.random.Generator,
    build: Build,
    grid: Slices,
    heart_motion_mm: float,
    diameters_mm: tuple[float, ...],
    kinds: tuple[NoduleKind, ...],
    distractors: int,
) -> tuple[Field, list[NoduleTruth]]:
    """Return noise-free (slice, row, column) HU and the nodules in them."""
    z_mm = grid.z_mm
    wide = float(min(-grid.xy_mm[0], build.half_width * 1.25)) + GRID_MM
    deep = float(min(-grid.xy_mm[0], build.half_depth + 46.0)) + GRID_MM
    # The trees start outside a sub-volume: they are grown in the whole chest and then cut.
    coarse = (
        np.arange(-wide, wide + GRID_MM, GRID_MM, dtype=np.float32),
        np.arange(-deep, deep + GRID_MM, GRID_MM, dtype=np.float32),
        np.arange(
            min(-128.0, float(z_mm[0]) - 6), max(150.0, float(z_mm[-1]) + 8), GRID_MM, dtype=np.float32
        ),
    )
    organs = fields(build, *coarse)
    depth = lung_depth(organs)
    arteries, veins = _vessels(rng, depth, coarse)
    nodules = place_nodules(rng, depth, coarse, z_mm, diameters_mm, kinds, [*arteries, *veins])
    look = Look(grid.softness_mm, grid.thickness_mm, heart_motion_mm)
    painter = Painter(rng, build, organs, coarse, grid.xy_mm, look)
    image = np.empty((len(z_mm), len(grid.xy_mm), len(grid.xy_mm)), dtype=np.float32)
    for k, z in enumerate(z_mm):
        image[k] = painter.paint(float(z))
    _, right_hu, left_hu = BLOOD_HU[build.phase]
    thin_mm = THIN_PIXELS * grid.pixel_mm
    for branches, blood_hu in ((arteries, right_hu), (veins, left_hu)):
        seen = [b for b in branches if _is_seen(b, grid)]
        draw_twigs(rng, image, grid, [b for b in seen if b.start_radius_mm <= thin_mm], blood_hu)
        for branch in seen:
            if branch.start_radius_mm > thin_mm:
                draw_branch(image, grid, branch, blood_hu)
    airways = [b for b in _airways(arteries) if _is_seen(b, grid)]
    draw_tubes(image, grid, airways, -990.0, 20.0, [0.5 + 0.15 * b.start_radius_mm for b in airways])
    draw_tubes(image, grid, _shoulders(build), MARROW_HU, CORTEX_HU, [1.5] * 6)
    draw_distractors(rng, image, grid, depth, coarse, nodules, distractors)
    nodules = [draw_nodule(rng, image, grid, nodule, build) for nodule in nodules]
    return image, nodules


def _is_seen(branch: Branch, grid: Slices) -> bool:
    reach = branch.start_radius_mm + grid.thickness_mm
    low, high = sorted((float(branch.start_mm[2]), float(branch.end_mm[2])))
    return low - reach < float(grid.z_mm[-1]) and high + reach > float(grid.z_mm[0])


def _vessels(
    rng: np.random.Generator, depth: Field, grid: tuple[Field, Field, Field]
) -> tuple[list[Branch], list[Branch]]:
    """Return arteries and veins of both lungs, each from its hilum to targets spread over the lung."""
    inside = np.argwhere(depth > 3.5)
    points = np.stack([axis[inside[:, 2 - n]] for n, axis in enumerate(grid)], axis=1).astype(float)
    trees: tuple[list[Branch], list[Branch]] = ([], [])
    for side in (-1.0, 1.0):
        lung = points[np.sign(points[:, 0]) == side]
        roots = ((side * 46.0, 14.0, 2.0), (side * 44.0, 8.0, -16.0))
        for tree, root in zip(trees, roots, strict=True):
            if len(lung):
                targets = lung[rng.integers(0, len(lung), TWIGS)] + rng.normal(0, GRID_MM / 3, (TWIGS, 3))
                tree += grow_tree(rng, np.array(root), targets, twig_radius_mm=TWIG_RADIUS_MM)
    return trees


def _airways(arteries: Sequence[Branch]) -> list[Branch]:
    """Return trachea, main bronchi and the bronchi that keep the larger arteries company."""

    def piece(a: Point, b: Point, r0: float, r1: float) -> Branch:
        return Branch(np.array(a, dtype=float), np.array(b, dtype=float), r0, r1)

    airways = [
        piece((0, 19, 170), (0, 18, 34), 8.5, 8.2),
        piece((0, 18, 36), (-28, 16, 16), 6.8, 6.0),
        piece((-28, 16, 16), (-40, 20, -10), 5.0, 4.0),
        piece((-28, 16, 16), (-48, 14, 26), 4.2, 3.2),
        piece((0, 18, 36), (36, 20, 10), 6.4, 5.0),
        piece((36, 20, 10), (44, 26, -12), 4.6, 3.6),
        piece((36, 20, 10), (52, 12, 18), 3.8, 3.0),
    ]
    beside = np.array([0.25, 0.95, 0.15])
    for branch in arteries:
        if 1.7 < branch.end_radius_mm < 4.6:
            start = branch.start_mm + beside * (1.6 * branch.start_radius_mm + 1.0)
            end = branch.end_mm + beside * (1.6 * branch.end_radius_mm + 1.0)
            airways.append(Branch(start, end, 0.55 * branch.start_radius_mm, 0.55 * branch.end_radius_mm))
    return airways


def _shoulders(build: Build) -> list[Branch]:
    """Return collar bones and the heads of the arm bones, arms up."""
    bones = []
    for side in (-1.0, 1.0):
        inner = np.array([side * 20.0, -0.62 * build.half_depth, build.apex_z - 18.0])
        middle = np.array([side * 70.0, -0.48 * build.half_depth, build.apex_z])
        outer = np.array([side * 0.88 * build.half_width, 0.0, build.apex_z + 4.0])
        head = np.array([side * 0.98 * build.half_width, 12.0, build.apex_z + 14.0])
        bones += [
            Branch(inner, middle, 8.0, 4.5),
            Branch(middle, outer, 4.5, 5.0),
            Branch(head, head + np.array([side * 4.0, -6.0, 40.0]), 20.0, 13.0),
        ]
    return bones


def _scan(
    rng: np.random.Generator, voxels: Field, noise_hu: float, sharpness: Sharpness, grid: Slices
) -> None:
    """Sharpen edges as the kernel does and add its noise, in place.

    Filtered back projection leaves out coarse grain: its noise power grows with frequency until the
    kernel falls off.

    Source: S. J. Riederer et al., "The noise power spectrum in computed X-ray tomography", 1978.
    """
    rows = fft.fftfreq(voxels.shape[1], grid.pixel_mm).astype(np.float32)[:, None]
    columns = fft.rfftfreq(voxels.shape[2], grid.pixel_mm).astype(np.float32)[None, :]
    frequency = np.hypot(rows, columns)
    spectrum = np.sqrt(frequency) * np.exp(-0.5 * (frequency / sharpness.noise_per_mm) ** 2)
    for plane in voxels:
        if sharpness.overshoot:
            plane += sharpness.overshoot * (plane - ndimage.gaussian_filter(plane, 0.9 / grid.pixel_mm))
        white = fft.rfft2(rng.standard_normal(plane.shape, dtype=np.float32))
        grain = fft.irfft2(white * spectrum, s=plane.shape)
        grain *= np.float32(noise_hu / max(float(grain.std()), 1e-6))
        # Fewer photons come through the middle of much tissue; lungs and air let more through.
        tissue = np.where(plane < -950, 0.35, np.where(plane < -500, 0.7, 1.0)).astype(np.float32)
        reach = max(3, int(30.0 / grid.pixel_mm))
        plane += grain * ndimage.uniform_filter(tissue, reach)
