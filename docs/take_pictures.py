"""Take the pictures of docs/tour.md: `python -m docs.take_pictures` after `npm --prefix web run build`.

Starts an installation in a scratch folder, fills it with made-up people and phantom images
(tests/e2e/busy_hospital.py), and opens each page in both languages at three sizes.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.e2e.busy_hospital import BusyHospital, busy_hospital, pages_of
from tests.e2e.chromium import chromium, said
from tests.e2e.pages import go_in, open_page, settle
from tests.installation_server import Installation, free_ports_of_an_installation

PICTURES = Path(__file__).parent / "pictures" / "tour"
SIZES = [(1366, 768), (1920, 1080), (390, 844)]
LANGUAGES = ["zh-CN", "en"]
MOST_PIXELS_WIDE = 960
QUALITY = 62
PATIENCE_MS = 120_000


# Name of each picture, and of the page that it shows.
TOUR = {
    "login": "login",
    "worklist": "worklist-specialist",
    "upload": "upload",
    "study": "study",
    "mammography": "mammography",
    "request": "request",
    "consult": "consult-clinician",
    "report": "second-opinion",
    "panel": "panel",
    "signed": "signed",
    "calendar": "calendar",
    "patient": "link-code",
    "notifications": "notifications",
    "institution": "institution-admin",
    "template": "template-copy",
    "models": "models",
    "archives": "archives",
    "devices": "devices",
}


def take(page: Page, name: str) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.thumbnail((MOST_PIXELS_WIDE, MOST_PIXELS_WIDE * 3))
    picture.save(PICTURES / f"{name}.webp", quality=QUALITY, method=6)


def take_all(
    browser: Browser, installation: Installation, of: BusyHospital, width: int, height: int, language: str
) -> None:
    """Each page once; what it shows of the room is its door, and the room with one in it."""
    users: dict[str | None, Page] = {}
    pages = pages_of(of)
    for name, page_name in TOUR.items():
        path, username = pages[page_name]
        if username not in users:
            users[username] = open_page(
                browser, installation, username, width, height, language, PATIENCE_MS
            )
        page = users[username]
        page.goto(installation.url + path)
        if path.startswith("/studies/"):
            page.get_by_test_id("study-viewer").first.wait_for(timeout=PATIENCE_MS)
        settle(page)
        take(page, f"{name}-{width}-{language}")
    page = users["specialist"]
    page.goto(f"{installation.url}/room/{of.consult}")
    page.get_by_role("button", name=said("room", "join")).wait_for(timeout=PATIENCE_MS)
    take(page, f"door-{width}-{language}")
    go_in(page)
    page.locator("[data-connection=connected]").first.wait_for(timeout=PATIENCE_MS)
    page.get_by_test_id("study-viewer").first.wait_for(timeout=PATIENCE_MS)
    settle(page)
    take(page, f"room-{width}-{language}")
    for each in users.values():
        each.context.close()


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        installation = Installation(Path(scratch) / "data", free_ports_of_an_installation())
        try:
            of = busy_hospital(installation.start(), slices=60, rows=512)
            with chromium() as browser:
                for width, height in SIZES:
                    for language in LANGUAGES:
                        take_all(browser, installation, of, width, height, language)
        finally:
            installation.stop()


if __name__ == "__main__":
    main()
