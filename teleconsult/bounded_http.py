"""The server's side of HTTP, with bounds on what a client may take.

uvicorn waits for a head or a body for as long as a client likes, and takes heads of any size. A proxy in
front bounds both, but there need not be one. Where connections run out, one that asks for nothing gives way
to who comes new.
"""

import logging
import resource
from asyncio import TimerHandle, Transport
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

SAID = {
    HTTPStatus.REQUEST_TIMEOUT: "The request took too long to arrive. 请求传输过慢，连接已关闭。",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The head of the request is too large. 请求头过大。",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many connections; please try again shortly. 连接过多，请稍后再试。",
}


def connections_at_most() -> int:
    """Half of the files that may be open: the rest is for the database, the archive and what is sent."""
    return min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class _HeadTooLarge(Exception):
    pass


class BoundedHttp(HttpToolsProtocol):
    head_within_s: ClassVar[float] = 10.0
    head_bytes_at_most: ClassVar[int] = 32 << 10
    # Of a body that we wait for: 200 bytes/s, a twentieth of what the thinnest telephone line carries.
    body_watched_every_s: ClassVar[float] = 20.0
    body_bytes_at_least: ClassVar[int] = 4_000
    answer_taken_within_s: ClassVar[float] = 120.0
    connections_at_most: ClassVar[int] = connections_at_most()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._since = self.loop.time()
        self._is_in_head = True
        self._head_bytes = self._body_bytes = 0
        self._reading: TimerHandle | None = None
        self._writing: TimerHandle | None = None

    @property
    def _is_asked(self) -> bool:
        """Whether a request is under way: its head is here and its answer is not out."""
        return self.cycle is not None and not self.cycle.response_complete

    # Connections

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()
        if len(self.connections) > self.connections_at_most:
            self._make_room()

    def _make_room(self) -> None:
        waiting = [
            one
            for one in self.connections
            if one is not self and isinstance(one, BoundedHttp) and not one._is_asked
        ]
        if waiting:
            min(waiting, key=lambda one: one._since).transport.abort()
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_reading_timer()
        self._stop_writing_timer()
        super().connection_lost(exc)

    # What comes in

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        self._body_bytes += len(data)
        if self._reading is None and not self._is_asked:
            self._expect_head()  # also of a client that sends nothing but empty lines
        super().data_received(data)
        if self._is_in_head and self._head_bytes > self.head_bytes_at_most:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        size_bytes = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size_bytes > self.head_bytes_at_most:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            raise _HeadTooLarge
        self._is_in_head = False
        self._watch_body()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._stop_reading_timer()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._stop_reading_timer()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _expect_head(self) -> None:
        self._is_in_head = True
        self._stop_reading_timer()
        self._reading = self.loop.call_later(self.head_within_s, self._head_is_late)

    def _head_is_late(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    def _watch_body(self) -> None:
        self._body_bytes = 0
        self._stop_reading_timer()
        self._reading = self.loop.call_later(self.body_watched_every_s, self._look_at_body)

    def _look_at_body(self) -> None:
        # While nobody reads, it is we who are slow.
        are_slow = self.flow.read_paused or self.cycle.waiting_for_100_continue
        if are_slow or self._body_bytes >= self.body_bytes_at_least:
            self._watch_body()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)

    # What goes out

    def pause_writing(self) -> None:
        self._stop_writing_timer()
        self._writing = self.loop.call_later(self.answer_taken_within_s, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stop_writing_timer()
        super().resume_writing()

    def _refuse(self, status: HTTPStatus) -> None:
        """Say why where nothing was said yet, and close."""
        if self.transport.is_closing():
            return
        log.warning("connection-ended status=%d address=%s", status, self.client[0] if self.client else "")
        if not self._is_asked or not self.cycle.response_started:
            body = SAID[status].encode()
            later = "Retry-After: 3\r\n" if status is HTTPStatus.SERVICE_UNAVAILABLE else ""
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\n{later}"
                f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()

    def _stop_reading_timer(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _stop_writing_timer(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
