"""A mammography examination in four series: its density, left against right, and flags seen on two views."""

from typing import Any

import pytest

from inference.phantoms.mammogram import SMALL_PIXEL_MM, mammogram
from tests.dicom_builders import as_bytes
from tests.installation_server import Client, wait_until

pytestmark = pytest.mark.timeout(300)

# Seeds on which the shipped model flags a mass of the left breast on both views, and nothing on the right.
VIEWS = ((211, "L", "CC", 1), (202, "L", "MLO", 1), (206, "R", "CC", 0), (204, "R", "MLO", 0))


def read_view(clinician: Client, seed: int, laterality: Any, view: Any, masses: int) -> dict[str, Any]:
    image, _ = mammogram(
        seed,
        view=view,
        laterality=laterality,
        density="b",
        masses=masses,
        clusters=0,
        pixel_mm=SMALL_PIXEL_MM,
        study_seed=4_711,
    )
    (study,) = clinician.upload({f"{laterality}{view}.dcm": as_bytes(image)})["studies"]
    uid = study["study_instance_uid"]

    def is_read() -> bool:
        shown = clinician.get(f"/api/studies/{uid}")
        views = (shown["mammography"] or {"images": []})["images"]
        names = [(one["image_laterality"], one["view_position"]) for one in views]
        return (laterality, view) in names and shown["ai"]["status"] == "completed"

    wait_until(is_read, f"{laterality} {view} is read")
    return dict(clinician.get(f"/api/studies/{uid}"))


def test_the_exam_is_what_its_images_say_together_as_they_come(clinician: Client) -> None:
    first = read_view(clinician, *VIEWS[0])["mammography"]
    assert len(first["images"]) == 1
    assert first["density"] == first["images"][0]["density"]
    assert (first["sides"], first["view_pairs"]) == ([], [])

    for view in VIEWS[1:]:
        study = read_view(clinician, *view)
    exam = study["mammography"]

    assert {(one["image_laterality"], one["view_position"]) for one in exam["images"]} == {
        (side, view) for _, side, view, _ in VIEWS
    }
    percents = [one["density"]["percent"] for one in exam["images"]]
    assert min(percents) <= exam["density"]["percent"] <= max(percents)
    assert exam["density"]["category"] in [one["density"]["category"] for one in exam["images"]]
    assert 0.25 <= exam["density"]["probability"] <= 1.0
    assert [one["view_position"] for one in exam["sides"]] == ["CC", "MLO"]
    assert all(one[side]["dense_cm2"] > 0 for one in exam["sides"] for side in ("left", "right"))

    (pair,) = exam["view_pairs"]
    by_id = {one["id"]: one for one in study["findings"]}
    here, there = (by_id[one] for one in pair["finding_ids"])
    assert here["sop_instance_uid"] != there["sop_instance_uid"]
    apart = abs(here["distance_to_nipple_mm"] - there["distance_to_nipple_mm"])
    assert pair["difference_mm"] == pytest.approx(apart, abs=0.11)
