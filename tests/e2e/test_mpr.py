"""The three planes in Chromium: each shows what numpy cuts from the files, where it lies in the patient."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, expect

from inference.phantoms.chest import chest_ct
from tests.dicom_builders import as_bytes
from tests.e2e.pages import open_page
from tests.installation_server import Client, Installation

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

# What a plane shows: its layer, where its image lies, and the gray values (0 to 255) of a grid of pixels.
SHOWN = """(name) => {
  const plane = document.querySelector(`[data-plane=${name}][role=group]`);
  const canvas = plane.querySelector("canvas");
  const { width, height, clientWidth } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const pixels = [];
  for (let y = 11; y < height; y += 9) for (let x = 11; x < width; x += 9)
    pixels.push([x, y, data[4 * (y * width + x)]]);
  const numbers = plane.dataset.imageToCanvas.split(" ").map(Number);
  return { layer: Number(plane.dataset.layer), numbers, pixels, scale: width / clientWidth };
}"""


def between(image: NDArray[np.float64], column: float, row: float) -> float:
    """The value at a point between the centres of four pixels."""
    x, y = int(column), int(row)
    right, down = column - x, row - y
    corners = image[y : y + 2, x : x + 2]
    return float(np.array([1 - down, down]) @ corners @ np.array([1 - right, right]))


def test_each_plane_is_what_numpy_cuts_from_the_files(
    browser: Browser, installation: Installation, clinician: Client
) -> None:
    slices, _ = chest_ct(31, slices=24, rows=128, patient_id="D-MPR")
    study = clinician.upload({f"{n}.dcm": as_bytes(ds) for n, ds in enumerate(slices)})["studies"][0]
    slices.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    volume = np.stack([ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept) for ds in slices])
    lower, upper = -1350.0, 149.0  # the lung window: 1500 wide about -600
    grays = np.clip((volume - lower) / (upper - lower), 0, 1) * 255

    page = open_page(browser, installation, "clinician", 1366, 768, "en")
    page.goto(f"{installation.url}/studies/{study['study_instance_uid']}")
    viewer = page.get_by_test_id("study-viewer")
    expect(viewer).to_have_attribute("data-ready", "true", timeout=60_000)
    page.keyboard.press("8")
    expect(page.locator("[data-layout=mpr][data-ready=true]")).to_be_visible()
    page.keyboard.press("1")
    expect(viewer).to_have_attribute("data-window-center", "-600")
    for _ in range(6):
        page.keyboard.press("+")
    expect(viewer).to_have_attribute("data-zoom", "2.986")

    for name, axis in (("axial", 0), ("coronal", 1), ("sagittal", 2)):
        shown: dict[str, Any] = page.evaluate(SHOWN, name)
        image = np.take(grays, shown["layer"], axis)
        origin, column, row = np.array(shown["numbers"]).reshape(3, 2) * shown["scale"]
        matrix = np.stack([column, row], axis=1)
        points = [np.linalg.solve(matrix, (x + 0.5, y + 0.5) - origin) for x, y, _ in shown["pixels"]]
        inside = [
            (between(image, *point), gray)
            for point, (_, _, gray) in zip(points, shown["pixels"], strict=True)
            if 0 <= point[0] < image.shape[1] - 1 and 0 <= point[1] < image.shape[0] - 1
        ]
        expected, drawn = np.array(inside).T
        assert len(expected) > 200
        assert expected.std() > 20, "the plane shows something to compare"
        assert np.abs(expected - drawn).mean() < 2, f"{name}: another plane, or not where it is said to be"
    page.context.close()
