"""Measure how soon three planes stand after a series is loaded, and how soon they follow the crosshair.

    python -m benchmarks.planes

One page of Chromium with software WebGL and a whole installation, a CT of 300 slices of 512 x 512: from the
key that asks for planes to the first pictures; from a key to the pictures of the next layer, with slabs of
several thicknesses on all three planes. Every slice is in the page's memory before.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from benchmarks.ct_study import ct_files
from benchmarks.result import figure, write_result
from tests.e2e.chromium import chromium
from tests.e2e.pages import open_page
from tests.installation_server import Installation, free_ports_of_an_installation, no_models

SLICES = 300
STEPS = 12
PATIENCE_MS = 300_000
# From a key to the frame after the one in which the planes were drawn.
PRESS = """([key, changed]) => new Promise((done) => {
  const viewer = () => document.querySelector("[data-testid=study-viewer]");
  const before = changed === "data-layout" ? null : viewer().getAttribute(changed);
  const began = performance.now();
  dispatchEvent(new KeyboardEvent("keydown", { key }));
  const look = () => {
    const now = viewer()?.dataset.ready === "true" ? viewer().getAttribute(changed) : before;
    const canvases = [...document.querySelectorAll("[data-plane] canvas")];
    const isDrawn = canvases.every((canvas) => canvas.width > 300);
    if (now !== before && isDrawn) requestAnimationFrame(() => done(performance.now() - began));
    else requestAnimationFrame(look);
  };
  look();
})"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Installation(
            Path(folder) / "data", free_ports_of_an_installation(), settings=no_models(Path(folder))
        )
        server.start()
        try:
            with chromium() as browser:
                files = {f"{number}.dcm": content for number, content in enumerate(ct_files(SLICES))}
                study = server.sign_in("clinician").upload(files)["studies"][0]
                page = open_page(browser, server, "clinician", 1366, 768, "en", PATIENCE_MS)
                page.goto(f"{server.url}/studies/{study['study_instance_uid']}")
                page.locator(f"[data-testid=study-viewer] [data-loaded-count='{SLICES}']").wait_for()
                figures = measured(page)
        finally:
            server.stop()
    for row in figures:
        print(f"{row['what']}: {row['value']} {row['unit']}")
    write_result("planes", figures, circumstance="software WebGL")


def measured(page: Page) -> list[dict[str, Any]]:
    opened_ms = page.evaluate(PRESS, ["8", "data-layout"])
    figures = [figure(f"{SLICES} loaded slices to three planes", opened_ms, "ms", digits=0)]
    for thickness_mm in (0, 5, 20, 100):
        if thickness_mm:
            page.get_by_role("button", name="Slab: Axial").click()
            slider = page.get_by_role("slider", name="Thickness")
            slider.press("Home")
            for _ in range(thickness_mm):
                slider.press("ArrowRight")
            page.get_by_role("button", name="The same for all planes").click()
            page.keyboard.press("Escape")
            page.get_by_role("dialog").wait_for(state="detached")
        steps_ms = [page.evaluate(PRESS, ["ArrowDown", "data-crosshair"]) for _ in range(STEPS)]
        what = f"crosshair to pictures, MIP of {thickness_mm} mm" if thickness_mm else "crosshair to pictures"
        figures.append(figure(f"{what}, median", statistics.median(steps_ms), "ms", digits=0))
    return figures


if __name__ == "__main__":
    main()
