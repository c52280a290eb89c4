"""A chest read while it arrives has the same findings as the chest read whole."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.errors import DicomError
from imaging.finding import Finding
from imaging.volume_builder import VolumeBuilder, build_volume
from inference.bundle import Bundle, load_bundle
from inference.lung_nodules import detect_nodules, read_slab_of_chest
from inference.phantoms.chest import NoduleKind, chest_ct
from inference.slabs import HALO_MM, Slab, Slice, bounds_mm, part_of, plan_slabs, slab_at, slabs_of

MODELS = Path(__file__).resolve().parents[3] / "models"
offsets = st.floats(-2000, 2000, allow_nan=False)


def a_series(count: int, spacing_mm: float = 2.5, first_mm: float = -100.0) -> list[Slice]:
    return [Slice(first_mm + n * spacing_mm, f"1.{n}") for n in range(count)]


@given(offsets)
def test_every_place_belongs_to_exactly_one_slab(offset_mm: float) -> None:
    first, last = bounds_mm(slab_at(offset_mm))
    assert first <= offset_mm + 1e-9
    assert offset_mm < last + 1e-9


@given(st.integers(2, 200), st.floats(0.6, 5.0), offsets)
def test_the_slabs_of_a_series_own_each_slice_once_and_see_their_halo(
    count: int, spacing_mm: float, first_mm: float
) -> None:
    series = a_series(count, spacing_mm, first_mm)
    slabs = plan_slabs(series, complete=True)
    owned = [
        each
        for slab in slabs
        for each in slab.slices
        if slab.owned_mm[0] <= each.offset_mm < slab.owned_mm[1]
    ]
    assert owned == series
    for slab in slabs:
        low, high = slab.owned_mm
        assert [e for e in series if low - HALO_MM <= e.offset_mm < high + HALO_MM] == list(slab.slices)


@given(st.permutations(range(60)), st.integers(0, 60))
def test_a_slab_asked_for_while_the_series_arrives_is_the_one_of_the_whole_series(
    order: Sequence[int], arrived: int
) -> None:
    series = a_series(60)
    early = plan_slabs([series[n] for n in order[:arrived]], complete=False)
    whole = {slab.index: slab for slab in plan_slabs(series, complete=True)}
    # Of images that came evenly spread nobody can say yet that those between are missing.
    for slab in early:
        if all(b.offset_mm - a.offset_mm < 2.6 for a, b in pairwise(slab.slices)):
            assert slab == whole[slab.index]


def test_nothing_is_asked_for_before_its_halo_has_come() -> None:
    series = a_series(80)
    for arrived in range(80):
        for slab in plan_slabs(series[:arrived], complete=False):
            assert slab.slices[-1].offset_mm + 2.5 >= slab.owned_mm[1] + HALO_MM - 1e-6


@given(st.integers(30, 200), st.floats(0.6, 3.0), offsets, st.booleans())
def test_the_slab_at_an_end_is_read_once_its_other_side_has_come(
    count: int, spacing_mm: float, first_mm: float, downward: bool
) -> None:
    series = a_series(count, spacing_mm, first_mm)
    whole = {slab.index: slab for slab in plan_slabs(series, complete=True)}
    arrived = series[count // 3 :] if downward else series[: 2 * count // 3]
    end_mm = series[-1 if downward else 0].offset_mm
    early = plan_slabs(arrived, complete=False, ends_mm=(end_mm,))
    low, high = whole[slab_at(end_mm)].owned_mm
    has_come = (
        arrived[0].offset_mm < low - HALO_MM
        if downward
        else arrived[-1].offset_mm >= high + HALO_MM + spacing_mm
    )
    assert all(slab == whole[slab.index] for slab in early)
    assert has_come <= (slab_at(end_mm) in {slab.index for slab in early})


def test_every_tenth_slice_alone_asks_for_nothing() -> None:
    assert plan_slabs(a_series(400, 0.7)[::10], complete=False) == []


def test_a_slab_survives_its_form_in_the_job_table() -> None:
    for slab in plan_slabs(a_series(50), complete=True):
        assert Slab.from_json(slab.to_json()) == slab


@pytest.fixture(scope="module")
def chest() -> list[Dataset]:
    slices, truth = chest_ct(
        44,
        slices=48,
        rows=192,
        slice_thickness_mm=2.5,
        nodule_diameters_mm=(16.0, 11.0, 9.0),
        kinds=(NoduleKind.SOLID, NoduleKind.SOLID, NoduleKind.SOLID),
        noise_hu=20.0,
    )
    assert len(truth) == 3
    return slices


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(MODELS / "lung_nodule_ct")


@pytest.fixture(scope="module")
def read_before() -> dict[tuple[int, str], dict[str, Any]]:
    """Readings of earlier examples: the same slab needs no second look, here as in the job table."""
    return {}


class BrightInTheMiddle:
    """A stand-in for the network, as pure as it and a thousand times quicker."""

    def logits(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        middle = inputs[:, 0, 13:19, 13:19].mean(axis=(1, 2))
        return np.asarray(12.0 * (middle - 0.55), dtype=np.float32)[:, None]


@pytest.fixture(scope="module", autouse=True)
def quick_network() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.monai_predictor.load_predictor", lambda bundle: BrightInTheMiddle())
        yield


def silent(stage: str, share: float) -> None:
    pass


def assert_same(one: Sequence[Finding], other: Sequence[Finding]) -> None:
    """Promised are boxes within 1 mm and scores within 0.02."""
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.kind == b.kind
        assert a.sop_instance_uid == b.sop_instance_uid
        assert abs(a.probability - b.probability) <= 0.02
        assert a.box_lps_mm is not None and b.box_lps_mm is not None
        assert np.abs(np.subtract(a.box_lps_mm, b.box_lps_mm)).max() <= 1.0


@pytest.mark.timeout(900)  # three examples of a dozen slabs each, on a slow machine
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.randoms(use_true_random=False), st.sets(st.integers(1, 46), max_size=3), st.integers(8, 20))
def test_whatever_the_order_the_streamed_findings_are_those_of_the_whole_volume(
    chest: list[Dataset],
    bundle: Bundle,
    read_before: dict[tuple[int, str], dict[str, Any]],
    random: Any,
    missing: set[int],
    at_once: int,
) -> None:
    """Slices come in any order, some twice, some never, in groups; slabs are read as soon as they may be."""
    came = [ds for n, ds in enumerate(chest) if n not in missing]
    arrivals = came + random.sample(came, 5)
    if random.random() < 0.7:  # usual: about in order
        arrivals.sort(key=lambda ds: float(ds.ImagePositionPatient[2]) + random.uniform(0, 20))
    else:
        random.shuffle(arrivals)

    builder, slices = VolumeBuilder(len(chest)), {}
    readings: list[Mapping[str, Any]] = []
    asked: set[str] = set()

    def read(slabs: Sequence[Slab]) -> None:
        for slab in slabs:
            key = (slab.index, slab.instances_sha256)
            if slab.instances_sha256 in asked:
                continue
            asked.add(slab.instances_sha256)
            if key not in read_before:
                try:
                    part = builder.slab(slab.slices[0].offset_mm, slab.slices[-1].offset_mm)
                except DicomError:  # few slices with gaps make no volume; a worker leaves them to the merge
                    continue
                read_before[key] = read_slab_of_chest(part, slab, bundle, silent)
            readings.append(read_before[key])

    for start in range(0, len(arrivals), at_once):
        for ds in arrivals[start : start + at_once]:
            builder.add(ds)
            uid = str(ds.SOPInstanceUID)
            slices[uid] = Slice(float(ds.ImagePositionPatient[2]), uid)
        # Where a slab was taken for the last one and was not, it is read again.
        ends = (min(each.offset_mm for each in slices.values()),) if random.random() < 0.2 else ()
        read(plan_slabs(list(slices.values()), complete=False, ends_mm=ends))
    read(plan_slabs(list(slices.values()), complete=True))

    streamed = detect_nodules(builder.volume(), bundle, silent, readings)
    whole = detect_nodules(build_volume(came), bundle, silent)
    assert whole
    assert_same(streamed, whole)


def test_a_reading_of_other_slices_or_other_weights_is_not_used(chest: list[Dataset], bundle: Bundle) -> None:
    volume = build_volume(chest[14:34])
    slab = slabs_of(volume)[1]
    reading = read_slab_of_chest(part_of(volume, slab), slab, bundle, silent)
    emptied = {**reading, "scored": []}
    whole = detect_nodules(volume, bundle, silent)
    assert detect_nodules(volume, bundle, silent, [{**emptied, "weights_sha256": "0" * 64}]) == whole
    assert detect_nodules(volume, bundle, silent, [{**emptied, "slices_sha256": "0" * 64}]) == whole
