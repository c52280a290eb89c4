"""The viewer in Chromium: what it draws and measures is what the files hold."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pydicom import Dataset

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.pages import open_page
from tests.installation_server import Client, Installation, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# Where the bright part of the picture lies in its canvas: its middle, and its height in parts of the
# canvas' smaller side; null before something is drawn.
PLACE = """() => {
  const drawn = document.querySelector("canvas.cornerstone-canvas");
  const { width, height } = drawn;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(drawn, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  let [left, right, top, bottom] = [width, 0, height, 0];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (pixels[4 * (y * width + x)] > 60) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
  if (right === 0) return null;
  const size = (bottom - top) / Math.min(width, height);
  return { x: (left + right) / 2 / width, y: (top + bottom) / 2 / height, size };
}"""


def place(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = wait_until(lambda: page.evaluate(PLACE), "the image is drawn")
    return found


@pytest.fixture(scope="module")
def slices() -> list[Dataset]:
    return chest_ct(23, slices=3, rows=128, patient_id="D-VIEWER")[0]


@pytest.fixture
def page(
    browser: Browser, installation: Installation, clinician: Client, slices: list[Dataset]
) -> Iterator[Page]:
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    opened = open_page(browser, installation, "clinician", 1366, 768, "en")
    opened.goto(f"{installation.url}/studies/{study['study_instance_uid']}")
    expect(viewer(opened)).to_have_attribute("data-ready", "true", timeout=60_000)
    yield opened
    opened.context.close()


def viewer(page: Page) -> Locator:
    return page.get_by_test_id("study-viewer")


class Picture:
    """The picture on screen: where its pixels (column, row) are on the page, in whole CSS pixels."""

    def __init__(self, page: Page) -> None:
        numbers = str(viewer(page).get_attribute("data-image-to-canvas")).split()
        origin, column, row = np.array([float(each) for each in numbers]).reshape(3, 2)
        box = page.locator("[data-tool]").bounding_box()
        assert box is not None
        self._page = page
        self._origin = origin
        self._corner = origin + np.array([box["x"], box["y"]])
        self._matrix = np.stack([column, row], axis=1)

    def near(self, column: float, row: float) -> tuple[float, float]:
        """The image point under the whole CSS pixel nearest to this one."""
        x, y = np.linalg.solve(self._matrix, self._css(column, row) - self._corner)
        return float(x), float(y)

    def on_canvas(self, column: int, row: int) -> list[float]:
        """Where a pixel's centre is from the corner of the canvas."""
        return [float(each) for each in self._origin + self._matrix @ (column, row)]

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self._page.mouse.move(*self._css(*start))
        self._page.mouse.down()
        self._page.mouse.move(*(self._css(*start) + self._css(*end)) / 2)
        self._page.mouse.move(*self._css(*end))
        self._page.mouse.up()

    def _css(self, column: float, row: float) -> NDArray[np.float64]:
        return np.round(self._corner + self._matrix @ (column, row))


def shown(page: Page, slices: list[Dataset]) -> Dataset:
    uid = viewer(page).get_attribute("data-sop-instance-uid")
    return next(each for each in slices if each.SOPInstanceUID == uid)


def hounsfield(ds: Dataset) -> NDArray[np.float64]:
    return ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)


def middle_of(page: Page, box: dict[str, float]) -> NDArray[np.float64]:
    """Grey values of the middle half of a part of the page: without the texts in its corners."""
    clip = {"x": box["x"] + box["width"] / 4, "y": box["y"] + box["height"] / 4}
    clip |= {"width": box["width"] / 2, "height": box["height"] / 2}
    with Image.open(BytesIO(page.screenshot(clip=clip))) as png:
        return np.asarray(png.convert("L"), dtype=np.float64)


def test_the_picture_before_the_page_and_its_viewer_is_what_the_viewer_then_draws(page: Page) -> None:
    of_page: list[Route] = []
    of_viewer: list[Route] = []
    page.route("**/assets/main-*.js", lambda route: of_page.append(route))
    page.route("**/assets/ViewerLayout-*.js", lambda route: of_viewer.append(route))
    page.reload(wait_until="commit")
    alone = page.get_by_test_id("picture-ahead").locator("canvas")
    expect(alone).to_be_visible(timeout=60_000)
    assert page.locator("#root header").count() == 0
    before = alone.bounding_box()
    assert before is not None
    first = middle_of(page, before)

    of_page[0].continue_()
    ahead = page.get_by_test_id("viewer-ahead").locator("canvas")
    expect(ahead).to_be_visible(timeout=60_000)
    expect(alone).to_have_count(0)
    in_page = ahead.bounding_box()

    of_viewer[0].continue_()
    expect(viewer(page)).to_have_attribute("data-ready", "true", timeout=60_000)
    after = page.locator("canvas.cornerstone-canvas").bounding_box()
    assert (in_page, after) == (before, before)
    expect(viewer(page).locator("[data-first-picture]")).to_have_count(0)
    assert first.std() > 20
    assert np.abs(middle_of(page, after) - first).mean() < 4


def test_a_length_and_an_ellipse_say_what_the_file_says_and_can_be_undone(
    page: Page, slices: list[Dataset]
) -> None:
    picture, ds = Picture(page), shown(page, slices)
    row_mm, column_mm = map(float, ds.PixelSpacing)
    page.get_by_role("button", name="Measurements").click()
    page.keyboard.press("l")
    picture = Picture(page)
    start, end = picture.near(30, 60), picture.near(90, 75)
    picture.drag(start, end)
    page.keyboard.press("o")
    centre, corner = picture.near(64, 80), picture.near(76, 88)
    picture.drag(centre, corner)

    measured = page.get_by_role("complementary", name="Measurements").get_by_role("listitem")
    expect(measured).to_have_count(2)
    length_mm = float(np.hypot((end[0] - start[0]) * column_mm, (end[1] - start[1]) * row_mm))
    expect(measured.nth(0)).to_contain_text(f"{length_mm:.1f} mm")

    radii = np.abs(np.subtract(corner, centre))
    rows, columns = np.mgrid[: ds.Rows, : ds.Columns]
    within = ((columns - centre[0]) / radii[0]) ** 2 + ((rows - centre[1]) / radii[1]) ** 2 <= 1
    values = hounsfield(ds)[within]
    area_mm2 = np.pi * radii[0] * column_mm * radii[1] * row_mm
    expect(measured.nth(1)).to_contain_text(f"Area {area_mm2:.1f} mm²")
    expect(measured.nth(1)).to_contain_text(f"Mean {values.mean():.1f} HU, SD {values.std():.1f}")
    expect(measured.nth(1)).to_contain_text(f"{values.min():.0f} to {values.max():.0f} HU")

    page.keyboard.press("Control+z")
    expect(measured).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Control+Shift+z")
    expect(measured).to_have_count(2)
    expect(viewer(page)).to_have_attribute("data-sop-instance-uid", ds.SOPInstanceUID)


# The gray values (0 to 255) that the canvas shows at these places, in CSS pixels of its corner.
GRAYS = """(places) => {
  const drawn = document.querySelector("canvas.cornerstone-canvas");
  const { width, height } = drawn;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(drawn, 0, 0);
  const scale = width / drawn.clientWidth;
  return places.map((place) => {
    const [x, y] = place.map((each) => Math.round(each * scale));
    return context.getImageData(x, y, 1, 1).data[0];
  });
}"""


def test_however_the_picture_is_turned_its_pixels_lie_where_marks_and_pointers_are_put(
    page: Page, slices: list[Dataset]
) -> None:
    ds = shown(page, slices)
    lower, upper = -1350.0, 149.0  # the lung window: 1500 wide about -600
    grays = np.clip((hounsfield(ds) - lower) / (upper - lower), 0, 1) * 255
    page.keyboard.press("1")
    pixels = [(column, row) for column in range(20, 110, 6) for row in range(20, 110, 6)]
    expected = [grays[row, column] for column, row in pixels]

    def turn(name: str) -> None:
        page.get_by_role("button", name="More of the view").click()
        page.get_by_role("menuitem", name=name).click()

    page.keyboard.press("+")
    for name, rotation, flip in (
        ("Rotate right", "90", "false"),
        ("Flip left and right", "270", "true"),
        ("Rotate right", "0", "true"),
        ("Flip top and bottom", "180", "false"),
    ):
        turn(name)
        expect(viewer(page)).to_have_attribute("data-rotation", rotation)
        expect(viewer(page)).to_have_attribute("data-flip", flip)
        picture = Picture(page)
        drawn = page.evaluate(GRAYS, [picture.on_canvas(*pixel) for pixel in pixels])
        assert np.corrcoef(drawn, expected)[0, 1] > 0.95, f"{name}: the picture is elsewhere"
    page.keyboard.press("f")
    expect(viewer(page)).to_have_attribute("data-rotation", "0")


def test_an_image_fits_its_window_as_before_when_the_window_grows_and_shrinks(
    page: Page,
) -> None:
    before = place(page)
    for width, height in ((1920, 1080), (1000, 600), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        wait_until(
            lambda: (
                abs(place(page)["size"] - before["size"]) < 0.05
                and abs(place(page)["x"] - before["x"]) < 0.03
                and abs(place(page)["y"] - before["y"]) < 0.03
            ),
            f"the image fits {width} x {height}",
        )
