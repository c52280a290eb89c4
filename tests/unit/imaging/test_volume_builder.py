"""Whatever the order in which slices come, late, twice or not at all, the volume is that of the set."""

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from imaging import volume_builder
from imaging.decoding import rescale_of
from imaging.errors import DicomError, GeometryError, ImageTooLarge, UndecodablePixels
from imaging.image_plane import ImagePlane, stack_slices
from imaging.volume import Volume
from imaging.volume_builder import Slab, VolumeBuilder, build_volume
from tests.dicom_builders import a_ct_series, a_ct_slice, with_pixels

RANDOM = np.random.default_rng(12)
PLAIN = [
    with_pixels(ds, RANDOM.integers(0, 4096, (4, 5), np.uint16)) for ds in a_ct_series(24, spacing_mm=2.5)
]
SECOND_SCAN = [
    with_pixels(
        a_ct_slice(100 + n, z_mm=2.5 * n, AcquisitionNumber=n % 3, SliceThickness=2.5),
        RANDOM.integers(0, 4096, (4, 5), np.uint16),
    )
    for n in range(24)
]
FRACTIONAL = [
    with_pixels(
        a_ct_slice(200 + n, z_mm=2.5 * (n + 5), RescaleSlope=0.5, RescaleIntercept=-1000.25),
        RANDOM.integers(0, 4096, (4, 5), np.uint16),
    )
    for n in range(3)
]
OTHERS = [
    a_ct_slice(900, z_mm=10.0, ImageOrientationPatient=[1, 0, 0, 0, 0, -1], size=5),
    with_pixels(a_ct_slice(901, z_mm=10.0), RANDOM.integers(0, 9, (9, 9), np.uint16)),
    with_pixels(
        a_ct_slice(902, z_mm=10.0, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]),
        RANDOM.integers(0, 9, (4, 5), np.uint16),
    ),
    a_ct_slice(903, ImagePositionPatient=None),
]
ALL = [*PLAIN, *SECOND_SCAN, *FRACTIONAL, *OTHERS]


def the_plain_way(datasets: Sequence[Dataset]) -> Volume | str:
    """The voxels of the set, worked out with everything at hand; the error's code where there are none."""
    by_uid = {str(ds.SOPInstanceUID): ds for ds in datasets if ds.ImagePositionPatient}

    def acquired(ds: Dataset) -> tuple[int, int, str]:
        return int(ds.get("AcquisitionNumber") or 0), int(ds.InstanceNumber), str(ds.SOPInstanceUID)

    try:
        stack = stack_slices([ImagePlane.from_header(ds) for ds in sorted(by_uid.values(), key=acquired)])
    except GeometryError as error:
        return error.reason.code
    if stack.missing > 0.25 * stack.places:
        return "too-many-missing"
    slices = []
    for plane in stack.planes:
        ds = by_uid[plane.sop_instance_uid]
        slope, intercept = rescale_of(ds)
        slices.append(np.maximum(np.float32(slope) * ds.pixel_array + np.float32(intercept), -1024))
    kind = (
        np.int16 if all(rescale_of(by_uid[p.sop_instance_uid])[0] == 1 for p in stack.planes) else np.float32
    )
    voxels = np.empty((stack.places, *slices[0].shape), np.float32)
    voxels[list(stack.grid)] = slices
    for below, above in pairwise(stack.grid):
        for place in range(below + 1, above):
            share = (place - below) / (above - below)
            voxels[place] = (1 - share) * voxels[below] + share * voxels[above]
    return Volume(
        np.rint(voxels).astype(kind) if kind is np.int16 else voxels,
        np.eye(4), (0, 0, 0), tuple(p.sop_instance_uid for p in stack.planes), "", "",
    )  # fmt: skip


def outcome(builder: VolumeBuilder) -> Volume | str:
    try:
        return builder.volume()
    except DicomError as error:
        return error.reason.code


def same(one: Volume | str, other: Volume | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return (
        one.voxels_hu.dtype == other.voxels_hu.dtype
        and np.array_equal(one.voxels_hu, other.voxels_hu)
        and np.array_equal(one.affine_lps, other.affine_lps)
        and one.sop_instance_uids == other.sop_instance_uids
        and one.interpolated_slices == other.interpolated_slices
    )


@st.composite
def arrivals(draw: Any) -> tuple[list[Dataset], int | None]:
    """Some of the images, in any order, some twice, and what was expected."""
    whole = draw(st.booleans())
    chosen = list(PLAIN) if whole else draw(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=30))
    for others in (SECOND_SCAN, FRACTIONAL, OTHERS):
        chosen += draw(st.lists(st.sampled_from(others), max_size=8))
    order = draw(st.permutations(range(len(chosen))))
    expected = draw(st.sampled_from([None, 1, 20, 24, 30, 500]))
    return [chosen[n] for n in order], expected


@settings(deadline=None, max_examples=150)
@given(arrivals())
def test_the_order_of_arrival_changes_no_voxel(arrival: tuple[list[Dataset], int | None]) -> None:
    datasets, expected = arrival
    builder = VolumeBuilder(expected)
    for ds in datasets:
        builder.add(ds)

    streamed = outcome(builder)

    whole = VolumeBuilder()
    for ds in sorted(datasets, key=lambda ds: str(ds.SOPInstanceUID)):
        whole.add(ds)
    assert same(streamed, outcome(whole))
    plain = the_plain_way(datasets)
    if isinstance(plain, str) or isinstance(streamed, str):
        assert streamed == plain or streamed == "geometry-missing"
    else:
        assert streamed.voxels_hu.dtype == plain.voxels_hu.dtype
        assert np.array_equal(streamed.voxels_hu, plain.voxels_hu)


@settings(deadline=None, max_examples=60)
@given(arrivals(), st.integers(1, 40))
def test_a_volume_given_early_keeps_its_voxels_when_late_slices_come(
    arrival: tuple[list[Dataset], int | None], early: int
) -> None:
    datasets, expected = arrival
    builder = VolumeBuilder(expected)
    for ds in datasets[:early]:
        builder.add(ds)
    first = outcome(builder)
    kept = first if isinstance(first, str) else first.voxels_hu.copy()
    for ds in datasets[early:]:
        builder.add(ds)

    second = outcome(builder)

    if not isinstance(first, str):
        assert np.array_equal(first.voxels_hu, kept)
    fresh = VolumeBuilder()
    for ds in datasets:
        fresh.add(ds)
    assert same(second, outcome(fresh))


def test_many_threads_make_the_volume_that_one_makes() -> None:
    datasets = random.Random(3).sample(ALL, len(ALL))
    builder = VolumeBuilder(10)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(builder.add, [*datasets, *datasets]))

    assert same(builder.volume(), build_volume(ALL))


def test_each_slab_is_a_block_of_the_whole_volume() -> None:
    whole = build_volume(PLAIN)
    builder = VolumeBuilder(24)
    for ds in PLAIN[::3]:
        builder.add(ds)
    assert builder.slabs() == []  # every third slice: nothing is complete, whatever the gaps look like

    for ds in [*PLAIN[0:9], *PLAIN[15:24]]:
        builder.add(ds)

    assert builder.slabs() == [Slab(0.0, 22.5, 10), Slab(37.5, 57.5, 9)]
    for slab, first in zip(builder.slabs(), (0, 15), strict=True):
        part = builder.slab(slab.first_mm, slab.last_mm)
        assert np.array_equal(part.voxels_hu, whole.voxels_hu[first : first + slab.slices])
        assert part.voxel_to_lps(1, 2, 3) == pytest.approx(whole.voxel_to_lps(1, 2, first + 3))


def test_a_slice_that_cannot_be_decoded_is_told_only_where_it_is_needed() -> None:
    broken = a_ct_slice(50, z_mm=10.0, size=4, AcquisitionNumber=9)
    broken.PixelData = broken.PixelData[:10]
    needed = a_ct_slice(51, z_mm=12.5, size=16)
    needed.PixelData = needed.PixelData[:10]

    assert build_volume([*a_ct_series(10), broken]).voxels_hu.shape[0] == 10
    with pytest.raises(UndecodablePixels):
        build_volume([ds for ds in [*a_ct_series(10), needed] if ds.InstanceNumber != 6])


def test_the_same_place_in_many_acquisitions_is_held_once(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = [
        a_ct_slice(100 * phase + n, z_mm=2.5 * n, AcquisitionNumber=phase)
        for phase in range(1, 11)
        for n in range(10)
    ]
    monkeypatch.setattr(volume_builder, "MAX_VOLUME_BYTES", 12 * 16 * 16 * 2)

    volume = build_volume(random.Random(1).sample(phases, len(phases)))

    assert volume.voxels_hu[:, 0, 0].tolist() == [100 + n - 1024 for n in range(10)]


def test_more_than_the_bound_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_builder, "MAX_VOLUME_BYTES", 12 * 16 * 16 * 2)

    with pytest.raises(ImageTooLarge):
        build_volume(a_ct_series(40))


def test_fractional_slices_make_a_fractional_volume_and_only_where_they_are_in_it() -> None:
    unused = a_ct_slice(77, z_mm=5.0, AcquisitionNumber=5, RescaleSlope=0.3)
    other_size = a_ct_slice(78, z_mm=5.0, size=8, RescaleSlope=0.3)

    assert build_volume([*a_ct_series(10), unused, other_size]).voxels_hu.dtype == np.int16
    mixed = build_volume([*a_ct_series(9), a_ct_slice(10, z_mm=22.5, RescaleSlope=0.5)])
    assert mixed.voxels_hu.dtype == np.float32
    assert mixed.voxels_hu[:, 0, 0].tolist() == [*(n - 1024 for n in range(1, 10)), -1019.0]


def test_padding_brighter_than_any_tissue_becomes_air() -> None:
    padded = a_ct_slice(1, z_mm=0.0, PixelPaddingValue=65_000)
    stored = np.full((16, 16), 1064, np.uint16)
    stored[0] = 65_000
    with_pixels(padded, stored, bits_stored=16)
    dark = a_ct_slice(2, z_mm=2.5, PixelPaddingValue=0)

    volume = build_volume([padded, dark])

    assert volume.voxels_hu[0, 0, 0] == -1024 and volume.voxels_hu[0, 1, 0] == 40
    assert volume.voxels_hu[1, 0, 0] == 2 - 1024
