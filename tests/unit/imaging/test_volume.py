"""Slices become a volume whose every voxel knows its place in the patient."""

import random
from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imaging.errors import GeometryError, IrregularSpacing
from imaging.image_plane import ImagePlane
from imaging.intake import parse_dicom, read_drop
from imaging.volume import affine_lps
from imaging.volume_builder import build_volume
from tests.dicom_builders import a_ct_series, a_ct_slice

ANGLES = st.floats(-np.pi, np.pi)
GAPS_MM = st.floats(0.2, 5.0)


def directions(a: float, b: float, c: float) -> list[float]:
    """Two perpendicular unit vectors from three Euler angles."""
    around_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    around_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    around_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    turned = around_z @ around_y @ around_x
    return [float(v) for v in (*turned[:, 0], *turned[:, 1])]


def an_oblique_series(orientation: list[float], row_gap: float, column_gap: float, step_mm: float) -> list:
    normal = np.cross(orientation[:3], orientation[3:])
    return [
        a_ct_slice(
            n + 1,
            ImagePositionPatient=[
                round(float(v), 9) for v in np.array([10.0, -20.0, 30.0]) + n * step_mm * normal
            ],
            ImageOrientationPatient=[round(v, 12) for v in orientation],
            PixelSpacing=[row_gap, column_gap],
        )
        for n in range(4)
    ]


@settings(deadline=None)  # highdicom takes its time
@given(ANGLES, ANGLES, ANGLES, GAPS_MM, GAPS_MM, GAPS_MM)
def test_our_affine_is_highdicoms(
    a: float, b: float, c: float, row_gap: float, column_gap: float, step_mm: float
) -> None:
    slices = an_oblique_series(
        directions(a, b, c), round(row_gap, 4), round(column_gap, 4), round(step_mm, 4)
    )

    ours = build_volume(slices)

    theirs = hd.get_volume_from_series(slices)
    # highdicom counts (slice, row, column), and its slices may run the other way.
    permuted = theirs.affine[:, [2, 1, 0, 3]]
    for index in ((0, 0, 0), (15, 3, 1), (2, 14, 3)):
        column, row, slice_ = index
        lps = ours.voxel_to_lps(column, row, slice_)
        found = np.linalg.solve(permuted, (*lps, 1.0))
        assert found[:2] == pytest.approx((column, row), abs=1e-3)
        assert found[2] == pytest.approx(slice_, abs=1e-3) or found[2] == pytest.approx(3 - slice_, abs=1e-3)
        place = round(float(found[2]))
        assert theirs.array[place, 0, 0] == ours.voxels_hu[slice_, 0, 0]


@given(ANGLES, ANGLES, ANGLES, st.tuples(*[st.floats(-500, 500)] * 3))
def test_a_place_goes_to_voxels_and_back(
    a: float, b: float, c: float, place: tuple[float, float, float]
) -> None:
    volume = build_volume(an_oblique_series(directions(a, b, c), 0.7, 0.5, 2.5))

    assert volume.voxel_to_lps(*volume.lps_to_voxel(*place)) == pytest.approx(place, abs=1e-6)


def test_the_gap_between_rows_comes_first_in_pixel_spacing() -> None:
    slices = [a_ct_slice(n, z_mm=2.0 * n, PixelSpacing=[0.9, 0.4]) for n in (1, 2)]

    volume = build_volume(slices)

    assert volume.spacing_mm == pytest.approx((2.0, 0.9, 0.4))
    assert volume.voxel_to_lps(10, 0, 0) == pytest.approx((-146.0, -140.0, 2.0))
    assert volume.voxel_to_lps(0, 10, 1) == pytest.approx((-150.0, -131.0, 4.0))


def test_the_order_of_the_files_means_nothing() -> None:
    slices = a_ct_series(12)
    shuffled = random.Random(4).sample(slices, len(slices))

    volume = build_volume(shuffled)

    assert volume.sop_instance_uids == tuple(str(ds.SOPInstanceUID) for ds in slices)
    assert volume.voxels_hu[:, 0, 0].tolist() == [n - 1024 for n in range(1, 13)]
    assert volume.voxels_hu.dtype == np.int16


def test_a_missing_slice_leaves_every_other_slice_in_its_place() -> None:
    slices = a_ct_series(12)
    del slices[4:6]

    volume = build_volume(slices)

    assert volume.interpolated_slices == (4, 5)
    assert volume.voxels_hu[:, 0, 0].tolist() == [n - 1024 for n in range(1, 13)]
    assert volume.sop_instance_uids[4] == str(slices[3].SOPInstanceUID)
    assert volume.voxel_to_lps(0, 0, 11)[2] == pytest.approx(11 * 2.5)


def test_the_affine_of_slices_with_a_gap_is_refused() -> None:
    planes = [ImagePlane.from_header(ds) for ds in a_ct_series(5) if ds.InstanceNumber != 3]

    with pytest.raises(IrregularSpacing):
        affine_lps(planes)


def test_slices_at_uneven_distances_make_no_volume() -> None:
    slices = [a_ct_slice(n, z_mm=z) for n, z in enumerate((0.0, 2.5, 5.0, 6.3, 8.8), start=1)]

    with pytest.raises(IrregularSpacing):
        build_volume(slices)


def test_most_slices_missing_make_no_volume() -> None:
    slices = [ds for ds in a_ct_series(40) if ds.InstanceNumber < 10 or ds.InstanceNumber > 35]

    with pytest.raises(GeometryError, match="too-many-missing"):
        build_volume(slices)


def test_the_same_slice_twice_and_a_scout_among_the_slices_change_nothing() -> None:
    slices = a_ct_series(10)
    second_scan = a_ct_slice(500, z_mm=5.0)
    scout = a_ct_slice(900, z_mm=0, ImageOrientationPatient=[1, 0, 0, 0, 0, -1])

    volume = build_volume([*slices, slices[3], second_scan, scout])

    assert volume.voxels_hu[:, 0, 0].tolist() == [n - 1024 for n in range(1, 11)]


def test_a_tilted_gantry_is_followed() -> None:
    slices = [a_ct_slice(n, ImagePositionPatient=[-150.0, -140.0 + 0.5 * n, 2.5 * n]) for n in range(6)]

    volume = build_volume(slices)

    assert volume.voxel_to_lps(0, 0, 5) == pytest.approx((-150.0, -137.5, 12.5))


def test_each_slices_own_rescale_is_used_and_nothing_is_below_air() -> None:
    steep = a_ct_slice(10, z_mm=2.5, RescaleSlope=2.5, RescaleIntercept=-1000)
    low = a_ct_slice(3, z_mm=0.0, RescaleIntercept=-3000)

    volume = build_volume([low, steep])

    assert volume.voxels_hu[:, 0, 0].tolist() == [-1024.0, -975.0]
    assert volume.voxels_hu.dtype == np.float32


def test_the_whole_real_chest_lies_where_its_headers_say(real_data: Path) -> None:
    files = [file.content for file in read_drop(real_data / "ct-chest-c3n-00247")]
    slices = [parse_dicom(content) for content in files if content]

    volume = build_volume(slices)

    assert volume.voxels_hu.shape == (99, 512, 512)
    assert volume.spacing_mm == pytest.approx((3.0, 0.564453125, 0.564453125))
    assert volume.voxel_to_lps(0, 0, 0) == pytest.approx((-143.2177734375, -287.2177734375, -288.0))
    # Its mass, as the data's README places it: soft tissue in the middle of lung.
    column, row, slice_ = (round(v) for v in volume.lps_to_voxel(-83.0, -192.0, -195.0))
    assert volume.voxels_hu[slice_, row - 2 : row + 3, column - 2 : column + 3].mean() > -200
