"""What rooms and pages make of 1,000 random interleavings: the same, on every screen.

Both sides are the real ones: `Lobby` with its rooms and outboxes, and web/src/signaling/session.ts, driven by
room_pages.mjs. Between them is a network of this test, in which every message is on its way for as long as
chance will have it, and lines are cut in the midst of it. All interleavings go forward together, one step at
a time, so that a step of all of them is one question to the pages.
"""

import asyncio
import json
import random
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.lobby import Lobby
from signaling.media import Direction, Stay, Traffic
from signaling.messages import (
    CandidateMessage,
    Connection,
    ErrorCode,
    ErrorMessage,
    Join,
    Resume,
    SessionDescription,
    ViewerState,
    parse_client_message,
    to_json,
)
from signaling.outbox import Outbox
from signaling.room_memory import KeptRoom, RoomMemory
from signaling.websocket import CLOSE_CODES

REPOSITORY = Path(__file__).resolve().parents[3]
WEB = REPOSITORY / "web"
INTERLEAVINGS = 1_000
STEPS = 30
ROUNDS = 60  # in which everything has to come to rest
ROLES = {"anna": "presenter", "ben": "presenter", "cleo": "participant", "dan": "presenter"}
LATE = ("cleo", "dan")

Question = list[Any]  # page, step, value: see room_pages.mjs


class NoMedia:
    """The pages of this test have no WebRTC, so there is nothing to carry."""

    works = True
    traffic: Mapping[Direction, Traffic] = {}

    async def open(self, stay: Stay) -> None: ...
    async def describe(self, stay: Stay, connection: Connection, description: SessionDescription) -> None: ...
    async def add_candidate(self, stay: Stay, candidate: CandidateMessage) -> None: ...
    async def watch(self, stay: Stay, watched: Mapping[str, str | None]) -> None: ...
    async def close(self, stay: Stay) -> None: ...
    async def close_all(self) -> None: ...


@dataclass
class Line:
    """One WebSocket. `up` and `down` are on their way; the server does not know at once that it is cut."""

    number: int
    up: deque[str] = field(default_factory=deque)
    down: deque[str] = field(default_factory=deque)
    outbox: Outbox = field(default_factory=Outbox)
    stay: Stay | None = None
    is_open: bool = False  # as the page knows it
    is_cut: bool = False
    is_closed: bool = False  # by the page, for good
    is_over: bool = False  # as the server knows it
    end_code: ErrorCode | None = None

    def open(self, outbox: Outbox) -> None:
        self.outbox = outbox

    def wake(self) -> None: ...

    def end(self, code: ErrorCode) -> None:
        self.end_code = self.end_code or code


@dataclass
class Interleaving:
    """One room, its people's pages and their lines."""

    name: str
    chance: random.Random
    lobby: Lobby
    pages: dict[str, Line | None] = field(default_factory=dict)  # by page, its newest line
    lines: list[Line] = field(default_factory=list)
    shown: int = 1

    def page_of(self, person: str) -> str:
        return f"{self.name}/{person}"

    def step(self) -> list[Question]:
        """Each of the people, or their line, does something."""
        return [question for person in ROLES for question in self._step_of(person)]

    def _step_of(self, person: str) -> list[Question]:
        page = self.page_of(person)
        if page not in self.pages:
            if person in LATE and self.chance.random() < 0.95:
                return []
            self.pages[page] = None
            return [[page, "open", None]]
        line = self.pages[page]
        by_page = [self._user, self._tick, self._reload]
        on_line = [self._reads, self._writes, self._hears, self._cut] if line is not None else []
        weights = [6, 3, 0.3, 5, 4, 6, 1.2]
        happens = self.chance.choices([*by_page, *on_line], weights[: 3 + len(on_line)])[0]
        return happens(page, line)

    def settle(self) -> list[Question]:
        """Everything that is under way arrives; no line is cut any more."""
        asked: list[Question] = []
        for page, newest in self.pages.items():
            asked += self._tick(page, newest)
            if newest is not None:
                asked += self._opens(page, newest)
        for line in self.lines:
            while line.up and line.end_code is None and not line.is_over:
                self._read_one(line)
            self._notice(line)
        for page, newest in self.pages.items():
            while newest is not None and not newest.is_over and (newest.end_code or len(newest.outbox)):
                self._writes(page, newest)
            while newest is not None and (heard := self._hears(page, newest)):
                asked += heard
        return asked

    async def close(self) -> None:
        for line in self.lines:
            if line.stay is not None:
                self.lobby.leave(line.stay)
        await self.lobby.close()

    def is_quiet(self) -> bool:
        return not any(line.up or line.down or len(line.outbox) for line in self.lines if not line.is_over)

    def take(self, page: str, what: str, value: Any) -> None:
        """What a page did."""
        if what == "opens":
            line = Line(value)
            self.lines.append(line)
            self.pages[page] = line
            return
        line = next(each for each in self.lines if each.number == (value if what == "closes" else value[0]))
        if what == "closes":
            line.is_closed = True
            self._lose_line(line, 0)
        elif not line.is_cut:
            line.up.append(value[1])

    def _user(self, page: str, line: Any) -> list[Question]:
        self.shown += 1
        own = f"{page.split('/')[1]} {self.chance.randint(1, 3)}"
        pointer = {"sopInstanceUid": "1.2.3", "x": self.shown, "y": 0}
        does = self.chance.choices(
            [
                ["sendViewer", a_state(self.shown)],
                ["sendPointer", self.chance.choice([pointer, pointer, None])],
                ["takePresenter"],
                ["step", {"type": "givePresenter", "participantId": self.chance.choice(list(ROLES))}],
                ["step", {"type": "askToPresent", "asks": self.chance.random() < 0.7}],
                ["step", {"type": "refuseToGive", "participantId": self.chance.choice(list(ROLES))}],
                ["sendMeasurement", a_measurement(own, self.shown, self.chance.random() < 0.6)],
                ["removeMeasurements", [own]],
                ["step", {"type": "clearMeasurements"}],
            ],
            weights=[5, 2, 1.5, 1.5, 1, 0.5, 4, 1, 0.7],
        )[0]
        return [[page, "user", does]]

    def _tick(self, page: str, line: Any) -> list[Question]:
        return [[page, "tick", None]]

    def _reload(self, page: str, line: Any) -> list[Question]:
        if self.chance.random() < 0.5:
            del self.pages[page]
            return [[page, "close", None]]
        return [[page, "close", None], [page, "open", None]]

    def _opens(self, page: str, line: Any) -> list[Question]:
        if line.is_open or line.is_cut:
            return []
        line.is_open = True
        return [[page, "opened", line.number]]

    def _reads(self, page: str, line: Any) -> list[Question]:
        """The server does, on one of this person's lines: an earlier one may still bring something."""
        if not line.is_open:
            return self._opens(page, line)
        earlier = [each for each in self.lines if each.is_cut and not each.is_over]
        if earlier and self.chance.random() < 0.3:
            self._read_one(earlier[0]) if earlier[0].up else self._notice(earlier[0])
        self._read_one(line)
        return []

    def _read_one(self, line: Line) -> None:
        if not line.up or line.is_over or line.end_code is not None:
            return
        message = parse_client_message(line.up.popleft())
        try:
            match message:
                case Join(token=token):
                    person = token.split("/")[1]
                    line.stay = self.lobby.join(
                        JoinGrant(
                            room_id=self.name,
                            participant_id=person,
                            display_name=person.title(),
                            role=ROLES[person],  # type: ignore[arg-type]  # pydantic makes it a Role
                            moderator=person == "ben",
                        ),
                        line,
                    )
                case Resume():
                    line.stay = self.lobby.resume(message, line)
                case _:
                    assert line.stay is not None
                    self.lobby.receive(line.stay, message)
        except Refused as refusal:
            line.end(refusal.code)

    def _notice(self, line: Line) -> None:
        """The server learns that a line is gone, and sometimes it is gone for long."""
        if not line.is_cut or line.is_over:
            return
        line.is_over = True
        line.down.clear()
        if line.stay is not None:
            self.lobby.lose(line.stay, line, line.is_closed or line.end_code is not None)
            if self.chance.random() < 0.3:
                seat = self.lobby._seats.get(line.stay)
                if seat is not None and seat.socket is None:
                    self.lobby.leave(line.stay)  # its window is over

    def _writes(self, page: str, line: Any) -> list[Question]:
        if line.is_over:
            return []
        if line.end_code is not None:
            line.is_over = True
            line.down.append(to_json(ErrorMessage(code=line.end_code)))
            if line.stay is not None:
                self.lobby.lose(line.stay, line, True)
        elif (message := line.outbox.take()) is not None:
            line.down.append(to_json(message))
        return []

    def _hears(self, page: str, line: Any) -> list[Question]:
        if line.is_cut:
            return []
        if line.down:
            return [[page, "hears", [line.number, line.down.popleft()]]]
        if line.is_over and line.end_code is not None:
            line.is_cut = True
            return [[page, "ended", [line.number, CLOSE_CODES[line.end_code]]]]
        return []

    def _cut(self, page: str, line: Any) -> list[Question]:
        """What is on its way is lost, but for a part of what went up."""
        if line.is_cut or not line.is_open:
            return []
        self._lose_line(line, self.chance.randint(0, len(line.up)))
        return [[page, "ended", [line.number, 1006]]]

    def _lose_line(self, line: Line, lost_up: int) -> None:
        line.is_cut = True
        line.down.clear()
        # A page waits before it tries again: what opens a stay is read before that, or never.
        for _ in range(lost_up if line.stay is not None else len(line.up)):
            line.up.pop()


def a_state(zoom: int) -> dict[str, Any]:
    uids = {"studyInstanceUid": "1.2", "seriesInstanceUid": "1.2.3", "sopInstanceUid": f"1.2.3.{zoom}"}
    window = {"windowCenter": 40, "windowWidth": 400, "invert": False, "findingId": None, "layout": "stack"}
    window |= {"prior": None, "hanging": None, "mpr": None, "tool": None, "frame": 0}
    return {**uids, **window, "zoom": zoom, "panX": 0, "panY": 0, "rotation": 0, "flip": False}


def a_measurement(name: str, x: float, final: bool) -> dict[str, Any]:
    uids = {"studyInstanceUid": "1.2", "sopInstanceUid": "1.2.3.4", "frame": 0}
    drawn = {"points": [{"x": 0, "y": 0}, {"x": x, "y": 0}], "label": "", "final": final}
    measured = {"kind": "length", "length": x, "basis": "pixel-spacing"}
    return {"id": name, **uids, "kind": "length", **drawn, "measured": measured}


@contextmanager
def pages_in_node(folder: Path) -> Iterator[Callable[[list[Question]], list[Any]]]:
    module = folder / "session.mjs"
    source = WEB / "src" / "signaling" / "session.ts"
    rolldown = WEB / "node_modules" / ".bin" / "rolldown"
    subprocess.run([rolldown, source, "-o", module, "--format", "esm"], check=True, capture_output=True)
    driver = Path(__file__).with_name("room_pages.mjs")
    with subprocess.Popen(
        ["node", driver, module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        asks, answers = node.stdin, node.stdout

        def ask(questions: list[Question]) -> list[Any]:
            asks.write(json.dumps(questions) + "\n")
            asks.flush()
            return list(json.loads(answers.readline()))

        yield ask


def is_shown(lobby: Lobby, page: str) -> dict[str, Any]:
    """What this page has to show, as the room stands."""
    room_id, person = page.split("/")
    room = lobby._rooms[room_id]
    pointers = {
        name: json.loads(to_json(one.pointer))
        for name, one in room.present.items()
        if one.pointer is not None and name != person
    }
    return {
        "status": "connected",
        "participants": sorted(room.present),
        "presenterId": room.presenter_id,
        "viewer": None if room.viewer is None else json.loads(to_json(room.viewer)),
        "pointers": pointers,
        "measurements": {name: json.loads(to_json(one)) for name, one in room.measurements.items()},
        "asking": sorted(name for name, one in room.present.items() if one.asks_to_present),
    }


def shows(state: dict[str, Any], person: str) -> dict[str, Any]:
    pointers = {name: each for name, each in state["pointers"].items() if name != person}
    participants = sorted(one["id"] for one in state["participants"])
    kept = {name: state[name] for name in ("status", "presenterId", "viewer", "measurements")}
    kept["asking"] = sorted(one["id"] for one in state["participants"] if one["asksToPresent"])
    return {**kept, "participants": participants, "pointers": pointers}


async def after_all_of_it(folder: Path) -> None:
    async def remembered(room_id: str) -> KeptRoom:
        viewer = ViewerState.model_validate(a_state(1))
        return KeptRoom(RoomMemory(viewer=viewer, viewer_of="anna", seq=1))

    rooms = {}
    for seed in range(INTERLEAVINGS):
        lobby = Lobby(lambda *_: NoMedia(), resume_window_s=3_600, recall=remembered)
        await lobby.prepare(str(seed))
        rooms[str(seed)] = Interleaving(str(seed), random.Random(seed), lobby)
    with pages_in_node(folder) as ask:

        async def pass_on(questions: list[Question]) -> list[Any]:
            answers = ask(questions)
            for page, what, value in answers:
                if what != "is":
                    rooms[page.split("/")[0]].take(page, what, value)
            await asyncio.sleep(0)  # the lobby cuts off too slow ones a moment later
            return answers

        for _ in range(STEPS):
            await pass_on([question for room in rooms.values() for question in room.step()])
        for _ in range(ROUNDS):
            answers = await pass_on([question for room in rooms.values() for question in room.settle()])
            if not answers and all(room.is_quiet() for room in rooms.values()):
                break
        pages = [(room, page) for room in rooms.values() for page in room.pages]
        states = await pass_on([[page, "state", None] for _, page in pages])
    wrong = [
        (page, shows(state, person), expected)
        for page, what, state in states
        if what == "is"
        and (person := page.split("/")[1])
        and shows(state, person) != (expected := is_shown(rooms[page.split("/")[0]].lobby, page))
    ]
    await asyncio.gather(*(interleaving.close() for interleaving in rooms.values()))
    assert len(states) == len(pages) > INTERLEAVINGS
    assert not wrong, f"{len(wrong)} of {len(pages)} pages, the first: {wrong[0]}"


def test_whatever_order_things_happen_in_every_page_ends_as_the_room_stands(tmp_path: Path) -> None:
    asyncio.run(after_all_of_it(tmp_path))
