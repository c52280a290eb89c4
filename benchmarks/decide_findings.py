"""Count the keys and the seconds that it takes to decide on the findings of a chest CT, in the reading page.

    python -m benchmarks.decide_findings

Twenty findings stand in the database of a whole installation, written as a model's job writes them. One page
of Chromium decides on all of them by keys alone: most are accepted, some rejected with a reason, some
accepted with another box. A key is pressed as soon as the page shows what the one before it did, so the time
is the program's part of the work and none of the reader's. What counts is what the server has at the end.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, expect
from pydicom import Dataset

from benchmarks.result import figure, write_result
from imaging.finding import Finding, FindingKind
from imaging.lung_nodule import NoduleType
from inference.edited_finding import edited
from inference.follow_up import outcome_of
from inference.phantoms.chest import chest_ct
from inference.repository import JobRepository
from storage.database import Database
from tests.dicom_builders import as_bytes
from tests.e2e.chromium import chromium
from tests.e2e.pages import open_page
from tests.installation_server import (
    Client,
    Installation,
    free_ports_of_an_installation,
    no_models,
    wait_until,
)

FINDINGS = 20
MOST_KEYS = 40
MODEL = "lung_nodule_ct"
# Of every twenty: what a reader makes of each, in the order in which the page comes to them.
ACCEPT, REJECT, EDIT = ("a",), ("r", "2"), ("e", "ArrowRight", "Enter")
STEPS = [ACCEPT, ACCEPT, REJECT, ACCEPT, EDIT, ACCEPT, REJECT, ACCEPT, ACCEPT, REJECT]
STATUS = {ACCEPT: "accepted", REJECT: "rejected", EDIT: "edited"}
COUNT_KEYS = 'window.keysPressed = 0; addEventListener("keydown", () => window.keysPressed++, true)'


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        a_reading(Path(folder)) as (server, client, uid),
        chromium() as browser,
    ):
        page = open_page(browser, server, "clinician", 1366, 768, "en")
        page.add_init_script(COUNT_KEYS)
        page.goto(f"{server.url}/studies/{uid}")
        viewer = page.get_by_test_id("study-viewer")
        expect(viewer).to_have_attribute("data-ready", "true", timeout=60_000)
        began = time.monotonic()
        steps = decide_all(page)
        found = wait_until(lambda: all_decided(client, uid), "the server has every decision")
        took_s = time.monotonic() - began
        keys = int(page.evaluate("window.keysPressed"))
    statuses = Counter(one["status"] for one in found)
    assert statuses == Counter(STATUS[step] for step in steps), statuses
    assert all(one["decision_reason"] for one in found if one["status"] == "rejected")
    write_result(
        "decide_findings",
        [
            figure(f"keys to decide on {FINDINGS} findings", keys, "keys", MOST_KEYS, at_most=True),
            figure("accepted with one key", statuses["accepted"], "findings"),
            figure("rejected with a reason with two keys", statuses["rejected"], "findings"),
            figure("accepted with another box with three keys", statuses["edited"], "findings"),
            figure("until the server had all decisions", took_s, "s", digits=1),
        ],
        circumstance="software WebGL",
    )
    print(f"{keys} keys, {took_s:.1f} s, {dict(statuses)}")


@contextmanager
def a_reading(folder: Path) -> Iterator[tuple[Installation, Client, str]]:
    """An installation with a chest CT on which there is everything to decide."""
    server = Installation(folder / "data", free_ports_of_an_installation(), settings=no_models(folder))
    server.start()
    try:
        client = server.sign_in("clinician")
        slices, _ = chest_ct(41, slices=2 * FINDINGS, rows=256, patient_id="B-DECIDE")
        study = client.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
        publish(Database(f"sqlite:///{server.data / 'teleconsult.db'}"), slices)
        yield server, client, study["study_instance_uid"]
    finally:
        server.stop()


def publish(database: Database, slices: Sequence[Dataset]) -> None:
    """Write the findings as the result of the job that waits for a worker."""
    jobs, at = JobRepository(database), datetime.now(UTC)

    def waiting() -> str | None:
        with database.reading() as connection:
            return next((job.id for job in jobs.of_study(connection, str(slices[0].StudyInstanceUID))), None)

    lease = jobs.lease(wait_until(waiting, "a job waits for a worker"), at)
    assert lease is not None and lease.model == MODEL
    assert jobs.publish(lease, [a_finding(ds, n) for n, ds in enumerate(slices[1::2])], at)


def a_finding(image: Dataset, number: int) -> Finding:
    """A nodule on the slice, measured and graded from its box as any."""
    x, y, side = 60.0 + 6 * number, 120.0 + number, 6.0 + number % 4
    finding = Finding(
        kind=FindingKind.NODULE,
        probability=0.95 - 0.02 * number,
        threshold=0.35,
        study_instance_uid=str(image.StudyInstanceUID),
        series_instance_uid=str(image.SeriesInstanceUID),
        sop_instance_uid=str(image.SOPInstanceUID),
        centre_lps_mm=(0.0, 0.0, 0.0),
        box_lps_mm=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        box_px=None,
        diameter_mm=None,
        model=MODEL,
        model_version="0.2.0",
        weights_sha256="ab" * 32,
        nodule_type=NoduleType.SOLID,
    )
    measured = edited(finding, (x, y, x + side, y + side), image, reach_mm=(-5.0, 5.0))
    graded = outcome_of(measured, [NoduleType.SOLID] * FINDINGS)
    assert graded is not None
    return replace(measured, category=graded.category)


def decide_all(page: Page) -> list[tuple[str, ...]]:
    """Press the keys for one finding after the other; return which they were."""
    cards = page.get_by_test_id("finding")
    expect(cards).to_have_count(FINDINGS)
    if page.locator("[data-testid=finding][data-selected]").count() == 0:
        page.keyboard.press("j")
    done = []
    for number in range(FINDINGS):
        selected = page.locator("[data-testid=finding][data-selected][data-status=preliminary]")
        expect(selected).to_have_count(1)
        step = STEPS[number % len(STEPS)]
        for key in step:
            page.keyboard.press(key)
            if key == "r":
                expect(page.get_by_test_id("rejection-reasons")).to_be_visible()
            elif key == "e":
                expect(page.get_by_test_id("box-editor")).to_be_visible()
        undecided = page.locator("[data-testid=finding][data-status=preliminary]")
        expect(undecided).to_have_count(FINDINGS - number - 1)
        done.append(step)
    return done


def all_decided(client: Client, uid: str) -> list[dict[str, str]] | None:
    found: list[dict[str, str]] = client.get(f"/api/studies/{uid}")["findings"]
    decided = all(
        one["status"] != "preliminary" and (one["status"] != "rejected" or one["decision_reason"])
        for one in found
    )
    return found if decided else None


if __name__ == "__main__":
    main()
