"""A series read from a real archive while it comes in is the series read when it is complete."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import generate_uid

from imaging.errors import PacsUnavailable
from imaging.orthanc import OrthancPacs
from imaging.pacs import ChangeKind
from imaging.series_stream import SeriesStream
from imaging.volume_builder import build_volume
from tests.dicom_builders import a_ct_slice, a_dataset, a_series_of_its_own, as_bytes
from tests.orthanc_server import OrthancServer, orthanc_pacs, orthanc_server

__all__ = ["orthanc_pacs", "orthanc_server"]

PATIENCE_S = 60.0


def uids(ds: Dataset) -> tuple[str, str]:
    return str(ds.StudyInstanceUID), str(ds.SeriesInstanceUID)


def test_a_series_is_followed_while_it_is_stored_in_any_order(orthanc_pacs: OrthancPacs) -> None:
    slices = a_series_of_its_own(40)
    study, series = uids(slices[0])

    def send() -> None:
        for ds in random.Random(5).sample(slices, len(slices)):
            orthanc_pacs.store(as_bytes(ds))

    sender = threading.Thread(target=send)
    give_up_at = time.monotonic() + PATIENCE_S
    with SeriesStream(orthanc_pacs, expected=25) as stream:  # the number is wrong, and may be
        sender.start()
        stream.follow(
            lambda: orthanc_pacs.series_instances(study, series),
            lambda: stream.placed >= 40 or time.monotonic() > give_up_at,
        )
        volume = stream.volume()
    sender.join()

    whole = build_volume(slices)
    assert np.array_equal(volume.voxels_hu, whole.voxels_hu)
    assert np.array_equal(volume.affine_lps, whole.affine_lps)
    assert volume.sop_instance_uids == whole.sop_instance_uids
    assert [h.SOPInstanceUID for h in stream.headers()] == [ds.SOPInstanceUID for ds in slices]
    assert all("PixelData" not in header for header in stream.headers())


def test_the_change_feed_can_be_what_tells_of_arrivals(orthanc_pacs: OrthancPacs) -> None:
    slices = a_series_of_its_own(10)
    since = 0
    while True:
        _, since, done = orthanc_pacs.changes(since, 1000)
        if done:
            break
    with SeriesStream(orthanc_pacs) as stream:
        for ds in slices:
            orthanc_pacs.store(as_bytes(ds))
        changes, _, _ = orthanc_pacs.changes(since, 1000)
        new = [change.orthanc_id for change in changes if change.kind is ChangeKind.NEW_INSTANCE]
        assert stream.offer(new) == 10 and stream.offer(new) == 0
        assert np.array_equal(stream.volume().voxels_hu, build_volume(slices).voxels_hu)
        # A late slice makes a new volume; the first one stays as it was.
        first = stream.volume()
        late = a_ct_slice(
            11, 55.0, 64, SOPInstanceUID=generate_uid(), SliceThickness=5.0,
            StudyInstanceUID=slices[0].StudyInstanceUID, SeriesInstanceUID=slices[0].SeriesInstanceUID,
        )  # fmt: skip
        stream.offer([orthanc_pacs.store(as_bytes(late)).orthanc_id])
        assert stream.volume().voxels_hu.shape[0] == 11 and first.voxels_hu.shape[0] == 10


def test_slabs_can_be_worked_on_before_the_last_slice_is_there(orthanc_pacs: OrthancPacs) -> None:
    slices = a_series_of_its_own(20)
    whole = build_volume(slices)
    with SeriesStream(orthanc_pacs, expected=20) as stream:
        stream.offer([orthanc_pacs.store(as_bytes(ds)).orthanc_id for ds in slices[:12]])
        seen = 0
        while seen < 12:
            more = stream.wait_for_more(seen, PATIENCE_S)
            assert more > seen
            seen = more
        (slab,) = stream.slabs()
        part = stream.slab(slab.first_mm, slab.last_mm)

    assert slab.slices == 12
    assert np.array_equal(part.voxels_hu, whole.voxels_hu[:12])


def test_what_is_no_image_is_said_and_the_rest_is_read(orthanc_pacs: OrthancPacs) -> None:
    slices = a_series_of_its_own(10)
    odd = a_dataset(
        StudyInstanceUID=slices[0].StudyInstanceUID, SeriesInstanceUID=slices[0].SeriesInstanceUID
    )
    ids = [orthanc_pacs.store(as_bytes(ds)).orthanc_id for ds in [*slices, odd]]

    with SeriesStream(orthanc_pacs) as stream:
        stream.offer([*ids, "0" * 8 + "-0" * 4])  # and one that is not there any more
        assert np.array_equal(stream.volume().voxels_hu, build_volume(slices).voxels_hu)


@dataclass
class Unreliable:
    """An archive that is away for the first tries of every file, or for ever."""

    pacs: OrthancPacs
    tries_in_vain: int
    tries: Counter[str] = field(default_factory=Counter)

    def file_of(self, orthanc_id: str) -> bytes:
        self.tries[orthanc_id] += 1
        if self.tries[orthanc_id] <= self.tries_in_vain:
            raise PacsUnavailable("away")
        return self.pacs.file_of(orthanc_id)


def test_an_archive_that_is_away_for_a_moment_costs_no_slice(
    orthanc_pacs: OrthancPacs, orthanc_server: OrthancServer
) -> None:
    slices = a_series_of_its_own(8)
    ids = [orthanc_pacs.store(as_bytes(ds)).orthanc_id for ds in slices]

    with SeriesStream(Unreliable(orthanc_pacs, 1)) as stream:
        stream.offer(ids)
        assert np.array_equal(stream.volume().voxels_hu, build_volume(slices).voxels_hu)
    with SeriesStream(Unreliable(orthanc_pacs, 99)) as stream:
        stream.offer(ids)
        with pytest.raises(PacsUnavailable):
            stream.volume()
