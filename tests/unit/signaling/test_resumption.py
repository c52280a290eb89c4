"""Whoever loses the line and goes on has missed nothing: held against somebody who never lost it."""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from signaling.media import Stay
from signaling.messages import (
    ClientMessage,
    Connection,
    DescriptionMessage,
    Joined,
    Left,
    LockChanged,
    MediaChanged,
    Message,
    Muted,
    Pointer,
    PointerMoved,
    PresenterChanged,
    ReconnectingChanged,
    Resumed,
    SessionDescription,
    SetLock,
    SetMedia,
    SetPointer,
    SetViewer,
    TakePresenter,
    ViewerChanged,
    Welcome,
)
from signaling.outbox import Outbox
from signaling.room import Room
from signaling.room_effects import Effect, Send
from tests.unit.signaling.test_room import NOON, a_state, joined, sent_to


@dataclass
class Screen:
    """What a client knows of the room; it applies messages as web/src/signaling/reducer.ts does."""

    received: int = 0
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    pointers: dict[str, Pointer] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    answers: int = 0

    def takes(self, message: Message) -> None:
        self.received += 1
        match message:
            case Welcome():
                self.people = {one.id: one.model_dump() for one in message.participants}
                self.state = message.model_dump(include={"presenter_id", "viewer", "locked"})
            case Joined(participant=one):
                self.people[one.id] = one.model_dump()
            case Left(participant_id=name):
                del self.people[name]
                self.pointers.pop(name, None)
            case ViewerChanged(state=viewer):
                self.state["viewer"] = viewer.model_dump()
            case PointerMoved(participant_id=name, pointer=None):
                self.pointers.pop(name, None)
            case PointerMoved(participant_id=name, pointer=pointer):
                assert pointer is not None
                self.pointers[name] = pointer
            case PresenterChanged(participant_id=presenter):
                self.state["presenter_id"] = presenter
            case MediaChanged(participant_id=name):
                self.people[name] |= {"audio": message.audio, "video": message.video}
            case ReconnectingChanged(participant_id=name):
                self.people[name]["reconnecting"] = message.reconnecting
            case LockChanged(locked=locked):
                self.state["locked"] = locked
            case DescriptionMessage():
                self.answers += 1
            case Muted() | Resumed():
                pass
            case _:
                raise AssertionError(message)


@dataclass
class Line:
    """A client, what waits for it, and what was sent and has not arrived."""

    stay: Stay
    outbox: Outbox = field(default_factory=Outbox)
    screen: Screen = field(default_factory=Screen)
    is_up: bool = True

    def send(self, messages: int) -> list[Message]:
        sent = []
        while len(sent) < messages and (message := self.outbox.take()) is not None:
            sent.append(message)
        return sent

    def deliver(self) -> None:
        for message in self.send(1_000) if self.is_up else ():
            self.screen.takes(message)

    def drop(self, sent: int, arrived: int) -> None:
        """The last of what was sent never arrives."""
        for message in self.send(sent)[:arrived]:
            self.screen.takes(message)
        self.is_up = False

    def resume(self) -> None:
        self.outbox.resume(self.screen.received, Resumed(received=0, ice_servers=()))
        self.is_up = True


SMALL = st.integers(0, 4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), SMALL, SMALL),
        st.tuples(st.sampled_from(["resume", "deliver", "join", "leave", "describe"]), SMALL, SMALL),
        st.tuples(st.sampled_from(["show", "point", "unpoint", "take", "media", "lock"]), SMALL, SMALL),
    ),
    max_size=60,
)


@given(STEPS)
def test_after_any_drops_the_screen_is_that_of_somebody_who_never_dropped(
    steps: list[tuple[str, int, int]],
) -> None:
    room = Room("room")
    lines: dict[Stay, Line] = {}
    guests: list[Stay] = []

    def perform(effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                lines.setdefault(effect.stay, Line(effect.stay)).outbox.put(effect.message)

    def enter(name: str, **more: Any) -> Stay:
        stay, effects = joined(room, name, **more)
        perform(effects)
        return stay

    actor, unsteady, steady = enter("actor", moderator=True), enter("unsteady"), enter("steady")
    # Both have heard of each other, and of nobody's coming and going but the guests'.
    for line in lines.values():
        line.deliver()

    def says(message: ClientMessage) -> None:
        perform(room.receive(actor, message, NOON))

    for step, a, b in steps:
        line = lines[unsteady]
        match step:
            case "drop" if line.is_up:
                line.drop(sent=a, arrived=b)
                perform(room.lose(unsteady, NOON))
            case "resume" if not line.is_up:
                line.resume()
                perform(room.resume(unsteady, NOON))
            case "deliver":
                for each in lines.values():
                    each.deliver()
            case "join":
                guests.append(enter(f"guest {a}", moderator=True))
            case "leave" if guests:
                perform(room.leave(guests.pop(), NOON))
            case "show":
                says(SetViewer(state=a_state(a + 1)))
            case "point":
                says(SetPointer(pointer=Pointer(sop_instance_uid="1.2", x=a, y=b)))
            case "unpoint":
                says(SetPointer(pointer=None))
            case "take":
                says(TakePresenter())
            case "media":
                says(SetMedia(audio=a > 2, video=b > 2))
            case "lock":
                says(SetLock(locked=a > 2))
            case "describe":
                offer = SessionDescription(type="offer", sdp="v=0")
                for stay in (unsteady, steady):
                    told = DescriptionMessage(connection=Connection.RECEIVE, description=offer)
                    perform([Send(stay, told)])
    if not lines[unsteady].is_up:
        lines[unsteady].resume()
        perform(room.resume(unsteady, NOON))
    for line in lines.values():
        line.deliver()

    was_unsteady, was_steady = lines[unsteady].screen, lines[steady].screen
    assert was_unsteady.people == was_steady.people
    assert was_unsteady.pointers == was_steady.pointers
    assert was_unsteady.state == was_steady.state
    assert was_unsteady.answers == was_steady.answers, "each offer came once"


def test_the_others_see_that_somebody_reconnects_and_that_nobody_left() -> None:
    room = Room("room")
    anna, _ = joined(room, "anna")
    ben, _ = joined(room, "ben")
    effects = room.lose(ben, NOON)
    assert sent_to(anna, effects) == [ReconnectingChanged(participant_id="ben", reconnecting=True)]
    assert len(effects) == 1 and room.lose(ben, NOON) == []
    carla, effects = joined(room, "carla")
    (welcome,) = (message for message in sent_to(carla, effects) if isinstance(message, Welcome))
    assert [one.reconnecting for one in welcome.participants] == [False, True, False]

    effects = room.resume(ben, NOON)
    assert sent_to(anna, effects) == [ReconnectingChanged(participant_id="ben", reconnecting=False)]
    assert sent_to(ben, effects) == []
