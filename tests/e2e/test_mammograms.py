"""A mammography examination in Chromium: its four views hang by themselves, alone and in a room of two."""

from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom.uid import generate_uid

from tests.dicom_builders import a_mammogram, as_bytes
from tests.e2e.pages import accepted_consult, both_in_room, open_page
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# Patient Orientation of views that are stored ready to hang.
READY = {"R-CC": ["P", "L"], "L-CC": ["A", "R"], "R-MLO": ["P", "FL"], "L-MLO": ["A", "FR"]}
PATIENCE_MS = 60_000


def four_views(clinician: Client, patient_id: str, series: Sequence[str]) -> dict[str, Any]:
    """Uploaded: the study as the API has it."""
    study = generate_uid()
    files = {}
    for number, ((view, orientation), series_uid) in enumerate(zip(READY.items(), series, strict=True), 1):
        side, position = view.split("-")
        ds = a_mammogram(
            StudyInstanceUID=study,
            SeriesInstanceUID=series_uid,
            PatientID=patient_id,
            ImageLaterality=side,
            ViewPosition=position,
            PatientOrientation=orientation,
            InstanceNumber=number,
        )
        files[f"{view}.dcm"] = as_bytes(ds)
    uploaded: dict[str, Any] = clinician.upload(files)["studies"][0]
    return uploaded


def viewer(page: Page) -> Locator:
    return page.get_by_test_id("study-viewer")


def pane(page: Page, view: str) -> Locator:
    return page.locator(f"[data-pane={view}]")


def expect_four_up(page: Page) -> None:
    expect(viewer(page)).to_have_attribute("data-layout", "mammography", timeout=PATIENCE_MS)
    expect(viewer(page)).to_have_attribute("data-ready", "true", timeout=PATIENCE_MS)
    for view in READY:
        expect(pane(page, view).locator("canvas").first).to_be_visible()


def picture(page: Page, view: str) -> str:
    return str(pane(page, view).locator("canvas").first.evaluate("(drawn) => drawn.toDataURL()"))


def key_images(client: Client, study_uid: str, count: int) -> list[dict[str, Any]]:
    def all_of_them() -> list[dict[str, Any]] | None:
        listed: list[dict[str, Any]] = client.http.get(f"/api/studies/{study_uid}/key-images").json()
        return listed if len(listed) == count else None

    found: list[dict[str, Any]] = wait_until(all_of_them, f"there are {count} key images")
    return found


def test_four_views_open_as_four_whether_they_came_in_one_series_or_in_four(
    browser: Browser, installation: Installation, clinician: Client
) -> None:
    page = open_page(browser, installation, "clinician", 1366, 768, "en")
    for patient_id, series in (
        ("D-ONE-SERIES", [generate_uid()] * 4),
        ("D-FOUR-SERIES", [generate_uid() for _ in READY]),
    ):
        study = four_views(clinician, patient_id, series)
        page.goto(f"{installation.url}/studies/{study['study_instance_uid']}")
        expect_four_up(page)
    # The list of series leads to a view, and shows whose view is looked at.
    listed = dict(zip(READY, (page.locator(f"[data-series='{uid}']") for uid in series), strict=True))
    listed["L-MLO"].click()
    expect(pane(page, "L-MLO")).to_have_attribute("data-active", "true")
    pane(page, "L-CC").click()
    expect(listed["L-CC"]).to_have_attribute("aria-pressed", "true")
    page.context.close()


def test_in_a_room_a_view_turned_by_one_is_turned_for_both_and_its_key_image_opens_in_another_window(
    browser: Browser, installation: Installation, clinician: Client, specialist: Client
) -> None:
    study = four_views(clinician, "D-ROOM-MG", [generate_uid() for _ in READY])
    uid = study["study_instance_uid"]
    consult = accepted_consult(clinician, specialist, study, "A mass?")
    here, there = both_in_room(browser, installation, consult["id"])
    for page in (here, there):
        expect_four_up(page)
    others = {view: picture(here, view) for view in READY if view != "L-CC"}
    pane(here, "L-CC").click()
    here.keyboard.press("]")
    expect(pane(here, "L-CC")).to_contain_text("Rotated 90°")
    expect(pane(there, "L-CC")).to_contain_text("已旋转 90°")
    for page in (here, there):
        expect(page.locator("[data-pane]").filter(has_text="90°")).to_have_count(1)
    assert others == {view: picture(here, view) for view in others}, "the others stay where they are"

    here.keyboard.press("*")
    expect(viewer(here)).to_have_attribute("data-key-image", "true")
    (marked,) = key_images(clinician, uid, 1)
    second = here.context.new_page()
    second.goto(f"{installation.url}/studies/{uid}?key-image={marked['id']}")
    expect_four_up(second)
    expect(viewer(second)).to_have_attribute("data-sop-instance-uid", marked["sop_instance_uid"])
    expect(viewer(second)).to_have_attribute("data-key-image", "true")
    expect(pane(second, "L-CC")).to_have_attribute("data-active", "true")
    pane(second, "R-MLO").click()
    second.keyboard.press("*")
    (later,) = (one for one in key_images(clinician, uid, 2) if one != marked)
    here.get_by_role("button", name="Key images").click()
    here.locator(f"[data-key-image='{later['id']}']").get_by_role("button").first.click()
    expect(pane(here, "R-MLO")).to_have_attribute("data-active", "true")
    for page in (here, there):
        page.context.close()
