"""A call that goes on while parts are killed: both sides stay in one room, and come back where it breaks."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from signaling.messages import SUBPROTOCOL, Join, to_json
from tests.chaos.writers import AGAIN_S, Writer


@dataclass(frozen=True, slots=True)
class Break:
    """One side's connection ended at this moment of the monotonic clock, and stood again so much later."""

    at: float
    back_after_s: float


@dataclass
class Side:
    """One participant, in a thread: in the room until told to leave."""

    writer: Writer
    consult_id: str
    breaks: list[Break] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    _leave: threading.Event = field(default_factory=threading.Event)
    _is_in: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._stay, name="call")

    def enter(self) -> None:
        """Return once the room has said welcome."""
        self._thread.start()
        assert self._is_in.wait(self.writer.patience_s), f"not in the room: {self.failures}"

    def leave(self) -> None:
        self._leave.set()
        self._thread.join()

    def _stay(self) -> None:
        """In the room, and in again whenever the connection ends."""
        broken_at = time.monotonic()
        try:
            while not self._leave.is_set():
                ticket = self.writer.sends("POST", f"/api/consults/{self.consult_id}/join")
                with suppress(OSError, WebSocketException, TimeoutError), self._connected(ticket) as socket:
                    if self._is_in.is_set():
                        self.breaks.append(Break(broken_at, time.monotonic() - broken_at))
                    self._is_in.set()
                    self._listen(socket)
                    broken_at = time.monotonic()
                assert time.monotonic() < broken_at + self.writer.patience_s, "the room stays shut"
                self._leave.wait(AGAIN_S)
        except Exception as error:  # told at the end
            self.failures.append(f"call: {error!r}")

    @contextmanager
    def _connected(self, ticket: dict[str, str]) -> Iterator[ClientConnection]:
        """A connection on which the room has said welcome."""
        with connect(
            ticket["signaling_url"],
            origin=Origin(str(self.writer.client.http.base_url).rstrip("/")),
            subprotocols=[Subprotocol(SUBPROTOCOL)],
        ) as socket:
            socket.send(to_json(Join(token=ticket["join_token"])))
            if json.loads(socket.recv(10))["type"] != "welcome":
                raise ConnectionRefusedError
            yield socket

    def _listen(self, socket: ClientConnection) -> None:
        """Take what comes, until the connection ends or it is time to leave."""
        while not self._leave.is_set():
            try:
                socket.recv(timeout=1)
            except TimeoutError:
                continue
            except WebSocketException:
                return
