"""The image keeps its place when the window changes its size."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

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


def test_an_image_fits_its_window_as_before_when_the_window_grows_and_shrinks(
    browser: Browser, installation: Installation, clinician: Client
) -> None:
    slices, _ = chest_ct(23, slices=3, rows=128, patient_id="D-RESIZE")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    page = open_page(browser, installation, "clinician", 1366, 768, "en")
    page.goto(f"{installation.url}/studies/{study['study_instance_uid']}")
    expect(page.get_by_test_id("study-viewer")).to_have_attribute("data-ready", "true", timeout=60_000)
    before = place(page)
    for width, height in ((1920, 1080), (1000, 600), (1366, 768)):
        page.set_viewport_size({"width": width, "height": height})
        wait_until(
            lambda: abs(place(page)["size"] - before["size"]) < 0.05
            and abs(place(page)["x"] - before["x"]) < 0.03
            and abs(place(page)["y"] - before["y"]) < 0.03,
            f"the image fits {width} x {height}",
        )
    page.context.close()
