"""A line to an archive that can be made slow, or answer every request with 500."""

import socket
import threading
import time
from contextlib import suppress
from enum import StrEnum
from typing import Final

SLOW_S: Final = 5.0
REFUSAL: Final = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Line(StrEnum):
    GOOD = "good"
    SLOW = "slow"  # each piece of an answer comes SLOW_S later
    REFUSING = "refusing"


class ArchiveLine:
    """A TCP port before an archive's. Whoever is connected when the line changes is cut off."""

    def __init__(self, port_behind: int) -> None:
        self._port_behind = port_behind
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._open: list[socket.socket] = []
        self._is = Line.GOOD
        threading.Thread(target=self._accept, daemon=True).start()

    def becomes(self, line: Line) -> None:
        self._is = line
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def close(self) -> None:
        self._listening.close()
        self.becomes(Line.REFUSING)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                outer, _ = self._listening.accept()
                self._open.append(outer)
                if self._is is Line.REFUSING:
                    threading.Thread(target=self._refuse, args=(outer,), daemon=True).start()
                    continue
                inner = socket.create_connection(("127.0.0.1", self._port_behind))
                self._open.append(inner)
                late_s = SLOW_S if self._is is Line.SLOW else 0.0
                for ends in ((outer, inner, 0.0), (inner, outer, late_s)):
                    threading.Thread(target=self._carry, args=ends, daemon=True).start()

    @staticmethod
    def _refuse(outer: socket.socket) -> None:
        with suppress(OSError), outer:
            outer.recv(65_536)
            outer.sendall(REFUSAL)

    @staticmethod
    def _carry(source: socket.socket, target: socket.socket, late_s: float) -> None:
        with suppress(OSError), source, target:
            while data := source.recv(1 << 20):
                time.sleep(late_s)
                target.sendall(data)
