"""How one knows that a part answers. Each check asks once; the supervisor and the doctor repeat it."""

import asyncio
import base64
import secrets
import ssl
from collections.abc import Awaitable, Callable

ANSWER_TIMEOUT_S = 2.0

ReadyCheck = Callable[[], Awaitable[bool]]


def redis_answers(host: str, port: int, password: str) -> ReadyCheck:
    """PING after AUTH. A server that is still loading its data answers with an error: not ready."""

    async def check() -> bool:
        request = f"*2\r\n$4\r\nAUTH\r\n${len(password)}\r\n{password}\r\n*1\r\n$4\r\nPING\r\n"
        answer = await _ask(host, port, request.encode(), until=b"PONG\r\n")
        return answer.startswith(b"+OK\r\n+PONG")

    return check


def http_answers(
    host: str, port: int, path: str, *, username: str | None = None, password: str | None = None
) -> ReadyCheck:
    """GET answers 200."""

    async def check() -> bool:
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Connection: close",
            "Accept-Encoding: identity",
        ]
        if username is not None:
            credentials = base64.b64encode(f"{username}:{password}".encode()).decode()
            lines.append(f"Authorization: Basic {credentials}")
        answer = await _ask(host, port, ("\r\n".join(lines) + "\r\n\r\n").encode(), until=b"\r\n")
        return answer.split(b" ", 2)[1:2] == [b"200"]

    return check


def dicom_answers(host: str, port: int, *, is_tls: bool = False) -> ReadyCheck:
    """A release that nobody asked for is answered by an abort (PS3.8 table 9-10), and leaves no trace.

    Over TLS we have no certificate to show: that hands are shaken is the answer.
    """

    async def check() -> bool:
        release, abort = b"\x05\x00\x00\x00\x00\x04\x00\x00\x00\x00", b"\x07\x00\x00\x00\x00\x04"
        if is_tls:
            return await _shakes_hands(host, port)
        return await _ask(host, port, release, until=abort) == abort

    return check


def turn_answers(host: str, port: int) -> ReadyCheck:
    """A STUN binding request over TCP has its response (RFC 8489 section 6.2.2)."""

    async def check() -> bool:
        request = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + secrets.token_bytes(12)
        answer = await _ask(host, port, request, until=request[4:])
        return answer.startswith(b"\x01\x01")

    return check


async def _shakes_hands(host: str, port: int) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except (OSError, TimeoutError):
        return False
    writer.transport.abort()
    return True


async def _ask(host: str, port: int, request: bytes, *, until: bytes) -> bytes:
    """Send the request and read until the mark, the end, or the time limit; b"" when nobody is there."""
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(request)
            return await reader.readuntil(until)
    except asyncio.IncompleteReadError as error:
        return error.partial
    except (OSError, TimeoutError, asyncio.LimitOverrunError):
        return b""
    finally:
        if writer is not None:
            writer.close()
