"""What axe-core finds on a page: WCAG 2.0, 2.1 and 2.2, levels A and AA."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.e2e.chromium import REPOSITORY

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = "async (tags) => (await axe.run({ runOnly: tags, resultTypes: ['violations'] })).violations"

# What fades in is judged as it stays, not half transparent; what turns for ever never ends.
MOTION_ENDS = """() => Promise.allSettled(
  document.getAnimations()
    .filter((one) => Number.isFinite(one.effect?.getComputedTiming().endTime))
    .map((one) => one.finished)
)"""

# The focused element as it is seen: null at the end of the page.
FOCUSED = """() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return null;
  const box = at.getBoundingClientRect();
  const style = getComputedStyle(at);
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const regions = {
    header: "header", viewer: "[data-testid=study-viewer]", side: "aside", toolbar: "[role=toolbar]",
  };
  window.tabStops ??= new Map();
  if (!window.tabStops.has(at)) window.tabStops.set(at, window.tabStops.size);
  return {
    number: window.tabStops.get(at),
    name: at.getAttribute("aria-label") || at.textContent.trim() || at.outerHTML.slice(0, 160),
    region: Object.keys(regions).find((name) => at.closest(regions[name])) ?? "",
    // Fields change their border, marks on the picture their stroke.
    shown: style.outlineStyle !== "none" || style.boxShadow !== "none"
      || at.matches("input, textarea, select, svg *"),
    covered: top !== null && !at.contains(top) && !top.contains(at) && at.labels?.[0]?.contains(top) !== true,
  };
}"""
# Blurring alone would leave the starting point where the last click was.
FROM_THE_TOP = """() => {
  window.tabStops = undefined;
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
}"""
MOST_STOPS = 150


@dataclass(frozen=True, slots=True)
class TabStop:
    """An element that the Tab key reaches; `fault` says what is wrong with it, or nothing."""

    name: str
    region: str
    fault: str


def tab_stops(page: Page) -> list[TabStop]:
    """What the Tab key reaches from the top of the page until its end; it fails where there is no end."""
    page.evaluate(FROM_THE_TOP)
    stops: list[TabStop] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        seen = page.evaluate(FOCUSED)
        if seen is None or (stops and seen["number"] < len(stops)):
            return stops
        hidden = "" if seen["shown"] else f"{seen['name']}: the focus is not seen"
        fault = f"{seen['name']}: something lies over it" if seen["covered"] else hidden
        stops.append(TabStop(seen["name"][:80], seen["region"], fault))
    raise AssertionError(f"the Tab key does not come to an end: {stops[-5:]}")


@cache
def _axe() -> str:
    return (REPOSITORY / "web" / "node_modules" / "axe-core" / "axe.min.js").read_text()


def axe_faults(page: Page) -> list[str]:
    """A line for each element that breaks a rule: rule, element, why."""
    page.evaluate(MOTION_ENDS)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate(RUN, TAGS)
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))} {node['html'][:160]} {_why(node)}"
        for rule in found
        for node in rule["nodes"]
    ]


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])[:200]
