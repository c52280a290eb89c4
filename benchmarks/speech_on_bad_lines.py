"""Measure speech between two real Chromium through the relay when one of them has a bad line.

    python -m benchmarks.speech_on_bad_lines

Anna's line is good, Ben's is as the row says, both ways. Both speak known sentences at once; what the other
hears is scored (speech_score.py). The engine, the lines and the measuring share this process; only speech is
sent. A machine that is busy with other work tears holes of its own: look at the row without loss first.
"""

import asyncio
import base64
import os
import re
import statistics
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.result import figure, write_result
from benchmarks.speech_score import INTELLIGIBLE, Samples, score, spoken
from signaling.media import MediaEngine, Stay
from signaling.messages import Connection, SessionDescription
from signaling.relay_media import RelayMedia
from tests.bad_line import Step
from tests.e2e.chromium import CHROMIUM, FLAGS
from tests.network_twin import Address, Twin, through, udp_twin

RATE_HZ = 48_000
ROUNDS = 3
DELAY_S = 0.15
LOSSES = (0.0, 0.1, 0.3)
DOWN_S = 10.0
SETTLING_S = 5.0  # in which encoders and jitter buffers learn what the line is like
TAIL_S = 2.0
PAGE = Path(__file__).with_name("speech_page.html")
ORIGIN = "https://speech.test/"
_CANDIDATE = re.compile(r"^a=candidate:\S+ 1 udp \d+ (127\.0\.0\.1) (\d+) typ host", re.MULTILINE)


class Side:
    """One browser page as a participant of the engine, with a twin before each port of the relay."""

    def __init__(self, engine: MediaEngine, stay: Stay, page: Page, stack: AsyncExitStack, seed: int) -> None:
        self.engine, self.stay, self.page = engine, stay, page
        self.inbox: asyncio.Queue[tuple[Connection, SessionDescription]] = asyncio.Queue()
        self.twins: dict[Address, Twin] = {}
        self._stack, self._seed = stack, seed

    async def enter(self) -> None:
        await self.page.goto(ORIGIN)
        await self.page.evaluate("prepare()")
        await self.engine.open(self.stay)
        await self._describe(Connection.SEND, "offer", await self.page.evaluate("offer()"))

    async def follow(self) -> None:
        """Take what the engine says, for as long as this runs."""
        while True:
            connection, description = await self.inbox.get()
            sdp = await self._through_twins(description.sdp)
            if connection is Connection.SEND:
                await self.page.evaluate("sdp => takeAnswer(sdp)", sdp)
            else:
                answer = await self.page.evaluate("sdp => answer(sdp)", sdp)
                await self._describe(Connection.RECEIVE, "answer", answer)

    def play(self, script: Sequence[Step]) -> None:
        for twin in self.twins.values():
            twin.play(script)

    async def speak(self, speech: Samples, *, again_and_again: bool = False) -> None:
        content = base64.b64encode((speech * 32_767).astype(np.int16).tobytes()).decode()
        await self.page.evaluate("([content, loop]) => speak(content, loop)", [content, again_and_again])

    async def heard(self) -> Samples:
        """What was heard since the last call."""
        content = base64.b64decode(await self.page.evaluate("takeHeard()"))
        return np.frombuffer(content, np.int16) / 32_768

    async def _describe(self, connection: Connection, kind: str, sdp: str) -> None:
        description = SessionDescription.model_validate({"type": kind, "sdp": sdp})
        await self.engine.describe(self.stay, connection, description)

    async def _through_twins(self, sdp: str) -> str:
        for host, port in _CANDIDATE.findall(sdp):
            address = (host, int(port))
            if address not in self.twins:
                twin = udp_twin(address, seed=self._seed + 10 * len(self.twins))
                self.twins[address] = await self._stack.enter_async_context(twin)
        return through(sdp, {address: twin.address for address, twin in self.twins.items()})


MakeEngine = Callable[..., MediaEngine]


@asynccontextmanager
async def conversation(
    make_engine: MakeEngine, browser: Browser, seed: int
) -> AsyncIterator[tuple[Side, Side]]:
    """Anna and Ben, who hear each other, on lines that are good so far."""
    sides: dict[Stay, Side] = {}
    engine = make_engine(
        lambda stay, connection, description: sides[stay].inbox.put_nowait((connection, description)),
        lambda stay: print(f"{stay.participant_id}: the connection failed"),
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.close_all)
        for number, name in enumerate(("anna", "ben")):
            context = await stack.enter_async_context(await browser.new_context())
            await context.route(ORIGIN, lambda route: route.fulfill(path=PAGE))
            stay = Stay("speech", name, number)
            sides[stay] = Side(engine, stay, await context.new_page(), stack, seed + 100 * number)
        following = [asyncio.create_task(side.follow()) for side in sides.values()]
        stack.callback(lambda: [task.cancel() for task in following])
        anna, ben = sides.values()
        for side in (anna, ben):
            await side.enter()
        tone = np.sin(np.arange(RATE_HZ) * 0.05) * 0.3
        for side in (anna, ben):
            await side.speak(tone, again_and_again=True)
        for side in (anna, ben):
            await _until_heard(side, following)
        yield anna, ben


async def _until_heard(side: Side, following: Sequence[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(30):
        while not is_sound(await side.heard()):
            for task in following:
                if task.done():
                    task.result()
            await asyncio.sleep(0.05)


async def scores(make_engine: MakeEngine, browser: Browser, loss: float, seed: int) -> tuple[float, float]:
    """Return how intelligible Anna is to Ben, and Ben to Anna."""
    speech = spoken(RATE_HZ)
    async with conversation(make_engine, browser, seed) as (anna, ben):
        ben.play([Step(0.0, {"delay_s": DELAY_S, "loss": loss})])
        await asyncio.sleep(SETTLING_S)
        for side in (anna, ben):
            await side.heard()
            await side.speak(speech)
        await asyncio.sleep(len(speech) / RATE_HZ + TAIL_S)
        return score(speech, await ben.heard(), RATE_HZ), score(speech, await anna.heard(), RATE_HZ)


async def silence_after_outage_s(make_engine: MakeEngine, browser: Browser, seed: int) -> tuple[float, float]:
    """Return how long after the line's return Ben hears Anna, and Anna Ben."""
    async with conversation(make_engine, browser, seed) as (anna, ben):
        ben.play([Step(0.0, {"delay_s": DELAY_S}), Step(0.0, {"is_down": True}, for_s=DOWN_S)])
        returns_at = asyncio.get_running_loop().time() + DOWN_S
        await asyncio.sleep(DOWN_S - 2)
        for side in (ben, anna):
            await side.heard()
        await asyncio.sleep(1)
        for side in (ben, anna):
            assert not is_sound(await side.heard()), "something is heard while the line is down"
        waited: dict[Side, float] = {}
        async with asyncio.timeout(60):
            while len(waited) < 2:
                for side in {ben, anna} - waited.keys():
                    if is_sound(await side.heard()):
                        waited[side] = asyncio.get_running_loop().time() - returns_at
                await asyncio.sleep(0.02)
        return waited[ben], waited[anna]


def is_sound(samples: Samples) -> bool:
    return bool((np.abs(samples) > 0.05).any())


async def measure(make_engine: MakeEngine) -> list[dict[str, Any]]:
    figures = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        # Round by round, so that what else this machine does meets every row alike.
        heard: dict[float, list[tuple[float, float]]] = {loss: [] for loss in LOSSES}
        for seed in range(1, ROUNDS + 1):
            for loss in LOSSES:
                heard[loss].append(await scores(make_engine, browser, loss, seed))
        for loss, rounds in heard.items():
            goal = INTELLIGIBLE if loss else None
            for what, values in zip(("to", "from"), zip(*rounds, strict=True), strict=True):
                row = f"{loss:.0%} loss, 300 ms there and back: speech {what} whoever is on that line"
                figures.append(figure(row, statistics.median(values), "ESTOI", goal, digits=2))
        rounds = [await silence_after_outage_s(make_engine, browser, seed) for seed in range(1, ROUNDS + 1)]
        for what, values in zip(("to", "from"), zip(*rounds, strict=True), strict=True):
            row = f"line down for 10 s and back: sound {what} whoever is on it"
            figures.append(figure(row, max(values), "s", 3.0, at_most=True, digits=2))
        await browser.close()
    return figures


def main() -> None:
    figures = asyncio.run(measure(RelayMedia))
    for each in figures:
        goal = "" if each["goal"] is None else f"  goal {each['goal']}  met {each['met']}"
        print(f"{each['what']:<74} {each['value']:6.2f} {each['unit']}{goal}")
    write_result("speech_on_bad_lines", figures, circumstance=f"nice {os.nice(0)}")


if __name__ == "__main__":
    main()
