"""Every page in both languages at three sizes: nothing runs off the side, nothing is left untranslated, no
script fails, and axe finds nothing that keeps anybody out (docs/accessibility.md).

The pictures it takes lie in test-results/pages/ for people to look at.
"""

import re
from contextlib import suppress
from itertools import groupby

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.accessibility import axe_faults, tab_stops
from tests.e2e.busy_hospital import BusyHospital, busy_hospital, pages_of
from tests.e2e.chromium import REPOSITORY, said
from tests.e2e.pages import open_page, pixels_too_wide, settle
from tests.installation_server import Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURES = REPOSITORY / "test-results" / "pages"
SIZES = [(1366, 768), (1920, 1080), (390, 844)]
# A window of 1280 pixels at 400 % (WCAG 2.2, 1.4.10).
NARROWEST = (320, 640)
# In which theme each language is seen, and its windows: in the first each page is opened and axe judges it,
# in the others it is looked at while it stays open.
SEEN = {
    "zh-CN": ("light", [*SIZES, NARROWEST]),
    "en": ("dark", [(390, 844), NARROWEST, (1920, 1080), (1366, 768)]),
}
CHOOSE = """for (const kind of ["office", "reading"])
  localStorage.setItem("teleconsult.brightness." + kind, "%(brightness)s");"""
HEADER_ROWS = """() => new Set(
  [...document.querySelectorAll("header nav a")].map((link) => link.getBoundingClientRect().top),
).size"""
# Of sliders of slices: how far their thumb runs, in pixels.
RUNS = """() => [...document.querySelectorAll("input[type=range]")]
  .filter((range) => range.checkVisibility())
  .map((range) => Math.max(range.clientWidth, range.clientHeight))"""
# An i18next key that found no text shows itself: "consult:form.title", "form.title".
LOOKS_LIKE_A_KEY = re.compile(r"\b[a-z][a-zA-Z]+[:.][a-z][a-zA-Z]+\.[a-zA-Z]+\b")


@pytest.fixture(scope="module")
def hospital(installation: Installation) -> BusyHospital:
    return busy_hospital(installation)


@pytest.mark.parametrize("language", SEEN)
def test_no_page_runs_off_its_window_or_shows_a_key_instead_of_words(
    browser: Browser, installation: Installation, hospital: BusyHospital, language: str
) -> None:
    faults: list[str] = []
    users: dict[str | None, Page] = {}
    brightness, windows = SEEN[language]
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, (path, username) in pages_of(hospital).items():
        if username not in users:
            users[username] = open_page(browser, installation, username, *windows[0], language)
            users[username].add_init_script(CHOOSE % {"brightness": brightness})
            users[username].on("pageerror", lambda error: faults.append(f"{error.stack}"))
        page = users[username]
        resize(page, windows[0])
        page.goto(installation.url + path)
        settle(page)
        faults.extend(f"{name}: {fault}" for fault in axe_faults(page))
        for width, height in windows:
            resize(page, (width, height))
            page.screenshot(path=PICTURES / f"{name}-{width}-{language}.png")
            if not fits(page):
                faults.append(f"{name}: {pixels_too_wide(page)} pixels wider than {width}")
            if width >= 1366 and page.evaluate(HEADER_ROWS) > 1:
                faults.append(f"{name}: the header has two rows at {width}")
            if any(run < 100 for run in page.evaluate(RUNS)):
                faults.append(f"{name}: a slider has no room to slide at {width}")
            if keys := LOOKS_LIKE_A_KEY.findall(page.inner_text("body")):
                faults.append(f"{name}: untranslated {keys}")
        spoken = page.evaluate("document.documentElement.lang")
        if not spoken.startswith(language[:2]):
            faults.append(f"{name}: the page says that it is in {spoken}")
    for page in users.values():
        page.context.close()
    assert not faults, "\n".join(faults)


def resize(page: Page, window: tuple[int, int]) -> None:
    page.set_viewport_size({"width": window[0], "height": window[1]})


def fits(page: Page) -> bool:
    """What floats over a page is put into its place a moment after the window has another size."""
    with suppress(AssertionError):
        return wait_until(lambda: pixels_too_wide(page) <= 0, "it fits", 3) is True
    return False


# What is opened by which button, on whose page: (namespace, key) of the button's words.
DIALOGS = [
    ("worklist-clinician", "common", "menu.user"),
    ("worklist-clinician", "notification", "title"),
    ("worklist-filtered", "worklist", "view.keep"),
    ("study", "exports", "open"),
    ("study", "viewer", "ai.settings"),
    ("study", "viewer", "measureTools"),
    ("consult-clinician", "consent", "record"),
    ("consult-clinician", "consent", "withdraw"),
    ("consult-clinician", "patientLink", "make"),
    ("panel", "consult", "event.schedule"),
    ("calendar", "calendar", "hours.edit"),
    ("schedule", "schedule", "plan"),
    ("members", "institution", "members.add"),
]


def test_what_opens_over_a_page_keeps_nobody_out_and_gives_the_focus_back(
    browser: Browser, installation: Installation, hospital: BusyHospital
) -> None:
    faults: list[str] = []
    users: dict[str | None, Page] = {}
    for name, namespace, key in DIALOGS:
        path, username = pages_of(hospital)[name]
        if username not in users:
            users[username] = open_page(browser, installation, username, *SIZES[0], "zh-CN")
        page = users[username]
        if page.url != installation.url + path:
            page.goto(installation.url + path)
            settle(page)
        opener = page.get_by_role("button", name=said(namespace, key)).first
        opener.click()
        over = page.get_by_role("dialog").or_(page.get_by_role("menu"))
        expect(over.first).to_be_visible()
        page.screenshot(path=PICTURES / f"over-{key}.png")
        faults.extend(f"{name} {key}: {fault}" for fault in axe_faults(page))
        page.keyboard.press("Escape")
        expect(over).to_have_count(0)
        if not opener.evaluate("(opener) => opener === document.activeElement"):
            faults.append(f"{name} {key}: the focus is lost when it is closed")
    for page in users.values():
        page.context.close()
    assert not faults, "\n".join(faults)


def test_a_contrast_theme_still_shows_what_is_chosen_and_ticked(
    browser: Browser, installation: Installation, hospital: BusyHospital
) -> None:
    page = open_page(browser, installation, "admin", *SIZES[0], "en")
    page.emulate_media(forced_colors="active")
    seen = "(one) => getComputedStyle(one).backgroundColor"
    for name, chosen, other in (
        ("institution-admin", "nav a[aria-current=page]", "nav a:not([aria-current])"),
        ("template-copy", "button[aria-pressed=true]", "button[aria-pressed=false]"),
        ("template-copy", "input[type=checkbox]:checked", "input[type=checkbox]:not(:checked)"),
    ):
        path, _ = pages_of(hospital)[name]
        page.goto(installation.url + path)
        settle(page)
        colours = [page.locator(which).first.evaluate(seen) for which in (chosen, other)]
        assert colours[0] != colours[1], chosen
    page.context.close()


def test_the_tab_key_goes_through_door_and_room_as_they_are_seen_and_axe_finds_nothing(
    browser: Browser, installation: Installation, hospital: BusyHospital
) -> None:
    page = open_page(browser, installation, "specialist", *SIZES[0], "en")
    page.goto(f"{installation.url}/room/{hospital.consult}")
    join = page.get_by_role("button", name=said("room", "join"))
    expect(join).to_be_enabled()
    faults = axe_faults(page)
    door = tab_stops(page)
    faults += [stop.fault for stop in door if stop.fault]
    assert any(said("room", "join").search(stop.name) for stop in door)
    join.click()
    expect(page.locator("[data-connection=connected]").first).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("study-viewer").first).to_be_visible(timeout=60_000)
    settle(page)
    for tab in page.get_by_role("tab").all():
        tab.click()
        settle(page)
        faults += axe_faults(page)
    room = tab_stops(page)
    faults += [stop.fault for stop in room if stop.fault]
    for width, height in (*SIZES, (844, 390)):  # the last: a phone held sideways
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(CORNERS_ARE_SEEN)
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    # Last: where somebody drags the faces they may lie over what is there.
    drag_the_faces_over_a_list_at_each_size(page)
    page.context.close()
    assert not faults, "\n".join(faults)
    regions = [region for region, _ in groupby(stop.region for stop in room if stop.region)]
    assert regions == ["header", "viewer", "side", "toolbar"]


# Whether the texts in the right corners of the picture lie beside the faces.
CORNERS_ARE_SEEN = """() => {
  const edges = (one) => one.getBoundingClientRect();
  const faces = edges(document.querySelector("[data-testid=faces]"));
  const corners = [...document.querySelectorAll("[data-testid=corner]")].map(edges);
  return corners.length > 0 && corners.every((one) => one.bottom <= faces.top || faces.bottom <= one.top);
}"""
# Whether the faces lie within the stage, and beside the list of key images that is open.
FACES_LIE_BESIDE = """() => {
  const [faces, list, stage] = ["[data-testid=faces]", "main aside", "main"].map(
    (which) => document.querySelector(which).getBoundingClientRect(),
  );
  const across = faces.left >= stage.left && faces.right <= stage.right;
  const down = faces.top >= stage.top && faces.bottom <= stage.bottom;
  return across && down && (faces.right <= list.left || faces.bottom <= list.top);
}"""


def drag_the_faces_over_a_list_at_each_size(page: Page) -> None:
    toggle = page.get_by_role("button", name=said("keyImage", "title"))
    toggle.click()
    grip = page.get_by_test_id("faces").get_by_title(said("room", "move"))
    for width, height in [*SIZES, (844, 390)]:
        resize(page, (width, height))
        for end in ((0, height / 2), (width - 1, height - 1)):
            page.wait_for_function(FACES_LIE_BESIDE)
            grip.hover()
            page.mouse.down()
            page.mouse.move(*end, steps=3)
            page.mouse.up()
        page.wait_for_function(FACES_LIE_BESIDE)
    resize(page, SIZES[0])
    toggle.click()
