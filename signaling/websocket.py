"""The edge: WebSockets in, a lobby behind, and GET /health beside.

A browser's page of another origin is refused (Origin). Whoever does not bring a join token, or the resume
token of a stay, in its first message within JOIN_DEADLINE_S is cut off. Frames above MAX_MESSAGE_BYTES end
the connection, and at most FRAMES_WAITING of one client wait to be read: after that its TCP connection
stands still. Who sends faster than a page can (see pace) waits, and is ended if that goes on. A line that is
lost without a word leaves its stay in the lobby, to be gone on with.
"""

import asyncio
import http
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Origin, Subprotocol

from signaling import join_token
from signaling.errors import BadJoinToken, Refused
from signaling.lobby import Lobby
from signaling.media import Stay
from signaling.messages import (
    MAX_MESSAGE_BYTES,
    SUBPROTOCOL,
    BadMessage,
    ErrorCode,
    ErrorMessage,
    Join,
    Resume,
    parse_client_message,
    to_json,
)
from signaling.outbox import Outbox
from signaling.pace import Pace
from signaling.spent_tokens import SpentTokens

JOIN_DEADLINE_S = 10.0
FRAMES_WAITING = 64
PING_INTERVAL_S = 10.0
PING_TIMEOUT_S = 15.0  # a client that has gone without a word is lost after that
CLOSE_TIMEOUT_S = 2.0  # who is ended and goes on sending is cut off after that
BAD_MESSAGES_ALLOWED = 20

# RFC 6455 section 7.4.2: 4000-4999 is for private use. The reason says the same in words.
CLOSE_CODES = {
    ErrorCode.BAD_MESSAGE: 4000,
    ErrorCode.BAD_TOKEN: 4001,
    ErrorCode.EXPIRED_TOKEN: 4001,
    ErrorCode.JOIN_TIMEOUT: 4002,
    ErrorCode.ROOM_FULL: 4003,
    ErrorCode.REPLACED: 4004,
    ErrorCode.TOO_SLOW: 4005,
    ErrorCode.ROOM_LOCKED: 4006,
    ErrorCode.REMOVED: 4007,
    ErrorCode.DECLINED: 4008,
    ErrorCode.CANNOT_RESUME: 4009,
    ErrorCode.FLOODED: 4010,
    ErrorCode.ROOM_OVER: 4011,
    ErrorCode.SERVER_CLOSING: 1001,
}
# RFC 6455 section 7.4.1: ends that nobody wanted, no close frame and no answer to a ping. The stay is held.
LOST = frozenset({1006, 1011})

log = logging.getLogger(__name__)


class Client:
    """One socket: whose messages it sends, and whether it is to end. See `lobby.Socket`."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._outbox = Outbox()
        self._changed = asyncio.Event()
        self._end: ErrorCode | None = None

    def open(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._changed.set()

    def wake(self) -> None:
        self._changed.set()

    def end(self, code: ErrorCode) -> None:
        self._end = self._end or code
        self._changed.set()

    @property
    def is_ending(self) -> bool:
        return self._end is not None

    async def write(self) -> None:
        """Send what waits until the socket is to end; then say why, and close it."""
        while True:
            while self._end is None and (message := self._outbox.take()) is not None:
                await self._connection.send(to_json(message))
            if self._end is not None:
                await self._connection.send(to_json(ErrorMessage(code=self._end)))
                await self._connection.close(CLOSE_CODES[self._end], self._end.value)
                return
            self._changed.clear()
            await self._changed.wait()


class SignalingServer:
    """Serves rooms on one port. `close` may be called twice; it ends every socket, then the lobby."""

    def __init__(
        self,
        lobby: Lobby,
        join_secret: str,
        allowed_origins: Sequence[str],
        join_deadline_s: float = JOIN_DEADLINE_S,
        spent_elsewhere: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._lobby = lobby
        self._join_secret = join_secret
        self._allowed_origins = [Origin(origin) for origin in allowed_origins]
        self._join_deadline_s = join_deadline_s
        self._spent = SpentTokens(spent_elsewhere)
        self._server: Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which was chosen by the system if 0 was given."""
        self._server = await serve(
            self._handle,
            host,
            port,
            origins=self._allowed_origins,
            subprotocols=[Subprotocol(SUBPROTOCOL)],
            process_request=self._answer_health,
            compression="deflate",
            max_size=MAX_MESSAGE_BYTES,
            max_queue=FRAMES_WAITING,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            server_header=None,
        )
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        server.close(close_connections=False)  # no new ones; those that are open hear why they end
        await self._lobby.close()
        server.close()
        await server.wait_closed()

    async def _answer_health(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path != "/health":
            return None
        works = self._lobby.works
        state = {
            "status": "ok" if works else "media-hang",
            "rooms": self._lobby.rooms,
            "participants": self._lobby.participants,
            "reconnecting": self._lobby.reconnecting,
            "dropped": self._lobby.dropped,
        }
        status = http.HTTPStatus.OK if works else http.HTTPStatus.SERVICE_UNAVAILABLE
        response = connection.respond(status, json.dumps(state) + "\n")
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        return response

    async def _handle(self, connection: ServerConnection) -> None:
        client = Client(connection)
        writer = asyncio.create_task(client.write())
        stay: Stay | None = None
        try:
            stay = await self._let_in(connection, client)
            if stay is not None:
                await self._read(connection, client, stay)
        except ConnectionClosed:
            pass
        finally:
            if stay is not None:
                for_good = client._end is not None or connection.close_code not in LOST
                self._lobby.lose(stay, client, for_good)
            if client._end is None:
                writer.cancel()
            with suppress(ConnectionClosed, asyncio.CancelledError):
                await writer

    async def _let_in(self, connection: ServerConnection, client: Client) -> Stay | None:
        try:
            async with asyncio.timeout(self._join_deadline_s):
                first = parse_client_message(await connection.recv())
            match first:
                case Join(token=token):
                    grant = join_token.verify(self._join_secret, token)
                    await self._spent.spend(grant.token_id)
                    await self._lobby.prepare(grant.room_id)
                    return self._lobby.join(grant, client)
                case Resume():
                    return self._lobby.resume(first, client)
                case _:
                    raise BadMessage("join or resume comes first")
        except TimeoutError:
            client.end(ErrorCode.JOIN_TIMEOUT)
        except BadMessage:
            client.end(ErrorCode.BAD_MESSAGE)
        except (BadJoinToken, Refused) as refusal:
            client.end(refusal.code)
        return None

    async def _read(self, connection: ServerConnection, client: Client, stay: Stay) -> None:
        bad_messages = 0
        clock = asyncio.get_running_loop().time
        pace = Pace(clock())
        async for frame in connection:
            if client.is_ending:
                continue  # its answer to our close frame is somewhere behind what it has sent
            if pace.floods:
                log.warning("flooded room=%s stay=%s", stay.room_id, stay.number)
                client.end(ErrorCode.FLOODED)
                continue
            if (wait_s := pace.wait_s(clock())) > 0:
                await asyncio.sleep(wait_s)
            try:
                self._lobby.receive(stay, parse_client_message(frame))
            except BadMessage as error:
                log.info("bad-message room=%s stay=%s reason=%s", stay.room_id, stay.number, error)
                bad_messages += 1
                if bad_messages > BAD_MESSAGES_ALLOWED:
                    client.end(ErrorCode.BAD_MESSAGE)
                else:
                    self._lobby.refuse(stay, ErrorCode.BAD_MESSAGE)
