"""One session with a Janus server, over its WebSocket API (subprotocol `janus-protocol`).

A request names a transaction, its answer the same one. Janus first acknowledges a message for a plugin, the
answer comes as an event later. What comes without a transaction is news about a handle: its connection is up,
or down. When the WebSocket ends, Janus forgets the session with all its handles.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from signaling.errors import MediaError

SUBPROTOCOL = Subprotocol("janus-protocol")
VIDEOROOM = "janus.plugin.videoroom"
OLDEST_VERSION = 1000  # 1.0.0: several streams in one connection
ANSWER_TIMEOUT_S = 10.0
KEEPALIVE_S = 20.0  # Janus forgets a session that is silent for 60 s
PING_S = 5.0  # a server that does not answer for twice as long is lost
MAX_MESSAGE_BYTES = 8 << 20

log = logging.getLogger(__name__)
Words = Mapping[str, Any]


class JanusUnavailable(MediaError):
    """The server does not answer, or is not one that we can use."""


class JanusRefused(MediaError):
    """The server, or its VideoRoom plugin, said no; `code` is its number for the reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"Janus: {reason} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Reply:
    """What the plugin said, and its session description if it gave one."""

    data: Words
    sdp: str | None


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to a handle.

    `what` is `webrtcup`, `hangup` and others of Janus' words, or one of the plugin's, such as `talking`.
    """

    handle: int
    what: str
    words: Words


class JanusSession:
    """Made by `open`. Methods raise JanusUnavailable when the connection is gone, JanusRefused on a no."""

    def __init__(
        self,
        socket: ClientConnection,
        secret: str | None,
        on_news: Callable[[News], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._socket = socket
        self._credentials = {} if secret is None else {"apisecret": secret}
        self._on_news, self._on_lost = on_news, on_lost
        self._waiting: dict[str, asyncio.Future[Words]] = {}
        self._session: dict[str, int] = {}
        self._is_closing = False
        self._tasks = [asyncio.create_task(self._read())]

    @classmethod
    async def open(
        cls,
        url: str,
        secret: str | None,
        on_news: Callable[[News], None] = lambda news: None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> "JanusSession":
        """Raises JanusUnavailable, JanusRefused (a wrong secret)."""
        try:
            socket = await connect(
                url,
                subprotocols=[SUBPROTOCOL],
                open_timeout=ANSWER_TIMEOUT_S,
                close_timeout=1.0,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                max_size=MAX_MESSAGE_BYTES,
                proxy=None,  # it is a neighbour
            )
        except (OSError, TimeoutError, WebSocketException) as error:
            raise JanusUnavailable(f"Janus does not answer: {error or type(error).__name__}") from error
        session = cls(socket, secret, on_news, on_lost)
        try:
            require_usable(await session._request("info"))
            created = await session._request("create")
        except MediaError:
            await session.close()
            raise
        session._session = {"session_id": int(created["data"]["id"])}
        session._tasks.append(asyncio.create_task(session._keep_alive()))
        return session

    async def attach(self) -> int:
        """A new handle of the VideoRoom plugin."""
        attached = await self._request("attach", plugin=VIDEOROOM)
        return int(attached["data"]["id"])

    async def ask(self, handle: int, body: Words, jsep: Words | None = None) -> Reply:
        """Say something to the plugin, and return what it answers."""
        described = {} if jsep is None else {"jsep": jsep}
        answer = await self._request("message", handle_id=handle, body=body, **described)
        data = answer.get("plugindata", {}).get("data", {})
        if "error" in data:
            raise JanusRefused(int(data.get("error_code", 0)), str(data["error"]))
        sdp = answer.get("jsep", {}).get("sdp")
        return Reply(data, sdp)

    async def detach(self, handle: int) -> None:
        """End a handle and its connection; one that is gone already is no error."""
        try:
            await self._request("detach", handle_id=handle)
        except MediaError as error:
            log.debug("detach handle=%s reason=%s", handle, error)

    async def close(self) -> None:
        self._is_closing = True
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _request(self, what: str, **words: Any) -> Words:
        transaction = secrets.token_hex(8)
        answer: asyncio.Future[Words] = asyncio.get_running_loop().create_future()
        self._waiting[transaction] = answer
        try:
            await self._send(what, transaction, **words)
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await answer
        except TimeoutError:
            raise JanusUnavailable(f"Janus did not answer to {what}") from None
        finally:
            del self._waiting[transaction]

    async def _send(self, what: str, transaction: str, **words: Any) -> None:
        message = {"janus": what, "transaction": transaction, **self._credentials, **self._session, **words}
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed as error:
            raise JanusUnavailable("the connection to Janus is gone") from error

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_S)
            try:
                await self._send("keepalive", "")
            except JanusUnavailable:
                return  # the reader knows

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                message = json.loads(text)
                if message.get("janus") == "timeout":
                    break  # it has forgotten us
                self._take(message)
        except ConnectionClosed:
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(JanusUnavailable("the connection to Janus is gone"))
            if not self._is_closing:
                await self._socket.close()
                self._on_lost()

    def _take(self, message: Words) -> None:
        kind = message.get("janus")
        answer = self._waiting.get(message.get("transaction", ""))
        if answer is not None and not answer.done():
            if kind == "error":
                error = message["error"]
                answer.set_exception(JanusRefused(int(error["code"]), str(error["reason"])))
            elif kind != "ack":
                answer.set_result(message)
        elif "sender" in message:
            words = message["plugindata"]["data"] if kind == "event" else message
            what = words.get("videoroom") if kind == "event" else kind
            self._on_news(News(int(message["sender"]), str(what), words))


def require_usable(info: Words) -> None:
    """Raises JanusUnavailable: this server cannot carry our rooms; the text says what to change."""
    if int(info.get("version", 0)) < OLDEST_VERSION:
        raise JanusUnavailable(f"Janus {info.get('version_string')} is too old: 1.0 or newer is needed")
    if VIDEOROOM not in info.get("plugins", {}):
        raise JanusUnavailable("Janus has no VideoRoom plugin loaded")
    if info.get("full-trickle"):
        raise JanusUnavailable("Janus has full_trickle on (janus.jcfg, nat): its descriptions lack addresses")
