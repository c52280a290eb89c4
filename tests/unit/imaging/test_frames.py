"""Multi-frame objects become the volume that their frames make."""

from typing import Any

import highdicom as hd
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import BreastTomosynthesisImageStorage, EnhancedCTImageStorage, JPEGLSLossless

from imaging.errors import GeometryError
from imaging.frames import frames_of, stacks_in
from imaging.parsing import parse_dicom
from imaging.volume_builder import build_volume
from tests.dicom_builders import a_ct_series, a_ct_slice, a_dataset, as_bytes, with_pixels

FRAMES = np.random.default_rng(8).integers(0, 4096, (6, 10, 12), np.uint16)


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def an_enhanced_image(
    sop_class_uid: str = EnhancedCTImageStorage,
    frames: NDArray[Any] = FRAMES,
    slopes: Any = None,
    stacks: Any = None,
) -> Dataset:
    """Frames 2 mm apart, the last one first by their places; the rescale is each frame's own or shared."""
    ds = a_dataset(sop_class_uid, Modality="CT", InstanceNumber=1)
    with_pixels(ds, frames[0])
    ds.NumberOfFrames, ds.PixelData = len(frames), frames.tobytes()
    measures = an_item(PixelSpacing=[0.5, 0.25], SliceThickness=2.0)
    direction = an_item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    shared = an_item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[direction])
    ct = an_item(RescaleSlope=1, RescaleIntercept=-1024, RescaleType="HU")
    if slopes is None:
        shared.PixelValueTransformationSequence = [ct]
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = []
    for n in range(len(frames)):
        position = an_item(ImagePositionPatient=[-10.0, -20.0, 2.0 * (len(frames) - n)])
        content = an_item(StackID=str((stacks or {}).get(n, 1)), InStackPositionNumber=n + 1)
        groups = an_item(PlanePositionSequence=[position], FrameContentSequence=[content])
        if slopes is not None:
            own = an_item(RescaleSlope=slopes[n], RescaleIntercept=-1024, RescaleType="HU")
            groups.PixelValueTransformationSequence = [own]
        ds.PerFrameFunctionalGroupsSequence.append(groups)
    return ds


@pytest.mark.parametrize("sop_class_uid", [EnhancedCTImageStorage, BreastTomosynthesisImageStorage])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_frames_lie_where_their_functional_groups_say(sop_class_uid: str, is_compressed: bool) -> None:
    ds = an_enhanced_image(sop_class_uid)
    if is_compressed:
        ds.compress(JPEGLSLossless, generate_instance_uid=False)

    volume = build_volume([parse_dicom(as_bytes(ds))])

    assert np.array_equal(volume.voxels_hu, FRAMES[::-1].astype(np.int16) - 1024)
    assert volume.spacing_mm == (2.0, 0.5, 0.25)
    assert volume.voxel_to_lps(4, 2, 1) == pytest.approx((-9.0, -19.0, 4.0))
    assert volume.frame_numbers == (6, 5, 4, 3, 2, 1)
    assert set(volume.sop_instance_uids) == {str(ds.SOPInstanceUID)}


def test_each_frames_own_rescale_is_used() -> None:
    volume = build_volume([an_enhanced_image(slopes=[1, 1, 0.5, 1, 1, 2])])

    assert volume.voxels_hu.dtype == np.float32
    assert volume.voxels_hu[0, 0, 0] == 2 * float(FRAMES[5, 0, 0]) - 1024
    assert volume.voxels_hu[3, 0, 0] == 0.5 * float(FRAMES[2, 0, 0]) - 1024


def test_a_legacy_converted_image_is_the_volume_of_the_slices_it_was_made_of() -> None:
    rng = np.random.default_rng(1)
    slices = [with_pixels(ds, rng.integers(0, 4096, (16, 16), np.uint16)) for ds in a_ct_series(5)]
    for ds in slices:
        ds.KVP = 120
        ds.PatientPosition = "HFS"
        ds.PositionReferenceIndicator = ""
        ds.RescaleType = "HU"
        ds.Manufacturer = "x"
        ds.PatientID = "P-1"
        ds.AcquisitionNumber = 1
    converted = hd.legacy.LegacyConvertedEnhancedCTImage(
        legacy_datasets=slices,
        series_instance_uid="1.2.3.4",
        series_number=9,
        sop_instance_uid="1.2.3.4.5",
        instance_number=1,
    )

    ours = build_volume([parse_dicom(as_bytes(converted))])

    whole = build_volume(slices)
    assert np.array_equal(ours.voxels_hu, whole.voxels_hu)
    assert np.allclose(ours.affine_lps, whole.affine_lps)


def test_several_stacks_in_one_object_are_refused_with_a_sentence() -> None:
    ds = an_enhanced_image(stacks={0: 1, 1: 1, 2: 1, 3: 2, 4: 2, 5: 2})

    assert stacks_in(ds) == 2 and stacks_in(an_enhanced_image()) == 1
    with pytest.raises(GeometryError, match="several-stacks"):
        build_volume([ds])


@pytest.mark.parametrize("missing", ["PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"])
def test_frames_without_places_make_no_volume(missing: str) -> None:
    ds = an_enhanced_image()
    del ds[missing]

    with pytest.raises(GeometryError, match="geometry-missing"):
        build_volume([ds])


def test_more_frames_than_are_described_make_no_volume() -> None:
    ds = an_enhanced_image()
    ds.NumberOfFrames = 60_000

    with pytest.raises(GeometryError):
        frames_of(ds)


def test_a_single_image_is_one_frame() -> None:
    (frame,) = frames_of(a_ct_slice(3, z_mm=7.0))

    assert frame.index is None and frame.plane.offset_mm == 7.0 and frame.nominal_step_mm == 2.5
