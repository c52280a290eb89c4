"""Real browsers whose line to the relay breaks while their media goes on, and what moderators do to them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from tests.integration.signaling.test_room_in_browsers import a_viewer_state
from tests.room_in_browsers import MODERATOR, Relay, Visitor, wait_until

MakeVisitor = Callable[..., Visitor]


class BreakableLine:
    """A TCP port before the relay's, whose connections end without a word when it is broken."""

    def __init__(self, relay_port: int) -> None:
        self._relay_port = relay_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self.is_broken = False
        threading.Thread(target=self._accept, daemon=True).start()

    def break_off(self) -> None:
        self.is_broken = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def close(self) -> None:
        self.break_off()
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outer, _ = self._listening.accept()
                if self.is_broken:
                    outer.close()
                    continue
                inner = socket.create_connection(("127.0.0.1", self._relay_port))
                self._open += [outer, inner]
                for ends in ((outer, inner), (inner, outer)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def line(relay: Relay) -> Iterator[BreakableLine]:
    line = BreakableLine(relay.port)
    yield line
    line.close()


def test_a_broken_line_takes_neither_the_place_nor_the_picture_and_nothing_is_missed(
    visitor: MakeVisitor, relay: Relay, line: BreakableLine
) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben")
    ben.relay = Relay(relay.origins, line.port)
    ben.enter()
    anna.sees(ben)
    ben.sees(anna)
    connections = ben.page.evaluate("connections.length")

    line.break_off()
    ben.waits("state.status === 'reconnecting'", "ben knows that the line is gone")
    anna.waits("state.participants.some(p => p.id === 'ben' && p.reconnecting)", "anna knows it too")
    ben.sees(anna)
    anna.sees(ben)
    anna.page.evaluate("state => session.sendViewer(state)", a_viewer_state(zoom=3))
    ben.page.evaluate("session.setMedia({audio: false, video: true})")
    carla = visitor("carla").enter()

    line.is_broken = False
    ben.waits("state.status === 'connected' && state.participants.length === 3", "ben is back")
    ben.waits("state.viewer?.zoom === 3", "ben has what was shown meanwhile")
    back_and_muted = "state.participants.some(p => p.id === 'ben' && !p.reconnecting && !p.audio)"
    anna.waits(back_and_muted, "anna has what ben said meanwhile")
    ben.sees(carla)
    carla.sees(ben)
    assert ben.page.evaluate("connections.length") == connections, "no new connection was made"


def test_a_patient_waits_is_let_in_is_muted_and_speaks_again_by_own_hand(visitor: MakeVisitor) -> None:
    mo, paul = visitor(MODERATOR).enter(), visitor("paul", role="patient")
    paul.begin()
    paul.waits("state.status === 'waiting'", "paul waits")
    mo.waits("state.waiting.length === 1", "mo sees who waits")
    mo.page.evaluate("session.step({type: 'admit', participantId: 'paul'})")
    paul.waits("state.status === 'connected'", "paul is in")
    mo.sees(paul)
    paul.sees(mo)

    mo.page.evaluate("state => session.sendViewer(state)", a_viewer_state())
    mo.page.evaluate("session.step({type: 'mute', participantId: null})")
    mo.waits("state.participants.some(p => p.id === 'paul' && !p.audio && p.video)", "paul is muted")
    assert paul.state["viewer"] is None, "a patient is not shown the images"
    paul.page.evaluate("session.setMedia({audio: true, video: true})")
    mo.waits("state.participants.some(p => p.id === 'paul' && p.audio)", "paul speaks again")

    mo.page.evaluate("session.step({type: 'remove', participantId: 'paul'})")
    paul.waits("state.status === 'closed' && state.error.code === 'removed'", "paul is told why it ended")
    mo.waits("state.participants.length === 1", "mo is alone")


def test_a_listener_sees_and_sends_nothing(visitor: MakeVisitor) -> None:
    anna, lea = visitor("anna").enter(), visitor("lea", role="listener").enter()
    lea.sees(anna)
    lea.hears()
    before = anna.received["framesDecoded"]
    wait_until(lambda: lea.received["framesDecoded"] > 50, "lea has seen a while of anna")
    assert anna.received["framesDecoded"] == before == 0
    (told,) = (one for one in anna.state["participants"] if one["id"] == "lea")
    assert (told["audio"], told["video"]) == (False, False)
