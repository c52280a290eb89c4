"""Real Chromium with a fake camera and microphone, and what a test asks of its pages."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
CALL_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",  # on a machine whose only network is lo
)
# What draws images needs WebGL too.
FLAGS = (*CALL_FLAGS, "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
# Keeps every peer connection of the page where a test can ask it for its statistics.
KEEP_PEER_CONNECTIONS = """
window.peerConnections = [];
const Native = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Native {
  constructor(...given) { super(...given); window.peerConnections.push(this); }
};
"""
STATISTICS = """async () => {
  const all = [];
  for (const connection of window.peerConnections) {
    if (connection.connectionState === "closed") continue;
    for (const entry of (await connection.getStats()).values()) all.push(entry);
  }
  return all;
}"""
# As if the relay had told of so much loss; everything else the browser measures stays as it is.
TELL_LOSS = """
window.lossTold = 0;
const getStats = RTCPeerConnection.prototype.getStats;
RTCPeerConnection.prototype.getStats = async function (...given) {
  const report = await getStats.apply(this, given);
  const told = new Map();
  for (const [id, entry] of report.entries()) {
    told.set(id, entry.type === "remote-inbound-rtp" ? { ...entry, fractionLost: window.lossTold } : entry);
  }
  return told;
};
"""
# A few pixels of the other side's video, as one string: changes when the picture changes.
PIXELS = """(video) => {
  if (!video.videoWidth) return "";
  const canvas = document.createElement("canvas");
  canvas.width = 32; canvas.height = 24;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 32, 24);
  return Array.from(context.getImageData(0, 0, 32, 24).data).join(",");
}"""


@contextmanager
def chromium(*more_flags: str) -> Iterator[Browser]:
    """Of two flags of one name the later one counts."""
    with sync_playwright() as playwright:
        flags = [*FLAGS, *more_flags]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def statistics(page: Page, kind: str) -> list[dict[str, Any]]:
    """Entries of one type of the W3C statistics of all peer connections of the page."""
    return [entry for entry in page.evaluate(STATISTICS) if entry["type"] == kind]


def decoded_frames(page: Page) -> int:
    return sum(entry.get("framesDecoded", 0) for entry in statistics(page, "inbound-rtp"))


def heard_energy(page: Page) -> float:
    return float(sum(entry.get("totalAudioEnergy", 0) for entry in statistics(page, "inbound-rtp")))


@cache
def _texts(language: str, namespace: str) -> dict[str, Any]:
    path = REPOSITORY / "web" / "src" / "locales" / language / f"{namespace}.json"
    texts: dict[str, Any] = json.loads(path.read_text())
    return texts


def words(language: str, namespace: str, key: str) -> str:
    text: Any = _texts(language, namespace)
    for part in key.split("."):
        text = text[part]
    return str(text)


def said(namespace: str, key: str) -> re.Pattern[str]:
    """Matches the text in either language, so that a test finds a button in the user's own."""
    return re.compile("|".join(re.escape(words(language, namespace, key)) for language in ("zh-CN", "en")))
