"""A hospital's audit repository that takes syslog over TLS (RFC 5425; IHE ITI-20).

No message of RFC 5425 says "kept". The end of a connection does: told that nothing more comes
(close_notify), the receiver ends its side (section 4.4), by a close_notify of its own or, as many do, by
closing alone. Where it had not read all, its system resets the connection instead (RFC 2525 section 2.17), or
has not acknowledged all. So each delivery is a connection of its own and counts once that has ended in order.
What was written into one that breaks, or that a firewall has forgotten, counts as not sent.
"""

import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

PORT = 6514  # syslog-tls, RFC 5425 section 4.1
TIMEOUT_S = 10.0
USUAL_ALARM_MINUTES = 15
MOST_ALARM_MINUTES = 7 * 24 * 60
FILES = ("TELECONSULT_SYSLOG_CA", "TELECONSULT_SYSLOG_CERTIFICATE", "TELECONSULT_SYSLOG_KEY")


class ReceiverAway(Exception):
    """It does not answer, is not who it should be, or did not take all."""


@dataclass(frozen=True, slots=True)
class SyslogReceiver:
    host: str
    port: int
    ca: Path  # who must have signed its certificate
    own: tuple[Path, Path] | None  # our certificate and key, where it asks for one
    alarm_after: timedelta  # so long an entry may wait

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "SyslogReceiver | None":
        """None: the log is sent nowhere. Raises ValueError: the message names the setting."""
        text = environment.get("TELECONSULT_SYSLOG", "")
        if not text:
            return None
        host, port = _host_and_port(text)
        ca, certificate, key = (Path(environment[name]) if environment.get(name) else None for name in FILES)
        if ca is None or (certificate is None) != (key is None):
            raise ValueError(f"TELECONSULT_SYSLOG needs {FILES[0]}; {FILES[1]} and {FILES[2]} go together")
        minutes = environment.get("TELECONSULT_SYSLOG_ALARM_MINUTES", str(USUAL_ALARM_MINUTES))
        if not minutes.isdecimal() or not 1 <= int(minutes) <= MOST_ALARM_MINUTES:
            raise ValueError(f"TELECONSULT_SYSLOG_ALARM_MINUTES is no number from 1 to {MOST_ALARM_MINUTES}")
        own = (certificate, key) if certificate and key else None
        receiver = cls(host, port, ca, own, timedelta(minutes=int(minutes)))
        try:
            receiver._tls()
        except OSError as error:  # also ssl.SSLError
            raise ValueError(f"{', '.join(FILES)}: {error.strerror or error}") from error
        return receiver

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"

    def deliver(self, messages: Iterable[str]) -> None:
        """Afterwards the receiver has read all of them, in order.

        Raises:
            ReceiverAway: it has perhaps read some.
        """
        framed = b"".join(frame(message) for message in messages)
        try:
            with (
                socket.create_connection((self.host, self.port), TIMEOUT_S) as plain,
                self._tls().wrap_socket(plain, server_hostname=self.host) as tls,
            ):
                tls.sendall(framed)
                _await_orderly_end(tls)
        except OSError as error:  # also ssl.SSLError, TimeoutError, and a name that nobody knows
            raise ReceiverAway(error.strerror or type(error).__name__) from error

    def _tls(self) -> ssl.SSLContext:
        """Read anew each time: certificates are renewed while we run."""
        context = ssl.create_default_context(cafile=str(self.ca))
        if self.own is not None:
            context.load_cert_chain(*map(str, self.own))
        return context


def _await_orderly_end(tls: ssl.SSLSocket) -> None:
    """Raises OSError: the other side had perhaps not read all when it ended."""
    with suppress(ssl.SSLEOFError):  # it closed without a close_notify
        tls.unwrap()
    if unacknowledged := struct.unpack("i", fcntl.ioctl(tls, termios.TIOCOUTQ, bytes(4)))[0]:
        raise ConnectionResetError(f"the receiver ended the connection {unacknowledged} bytes too early")
    tls.shutdown(socket.SHUT_WR)
    while tls.recv(1024):
        pass


def _host_and_port(text: str) -> tuple[str, int]:
    problem = "TELECONSULT_SYSLOG is no HOST or HOST:PORT"
    try:
        address = urlsplit(f"//{text}")
        host, port = address.hostname or "", address.port or PORT
        host.encode("idna")
    except ValueError as error:
        raise ValueError(problem) from error
    if not host or address.netloc != text or "@" in text:
        raise ValueError(problem)
    return host, port


def frame(message: str) -> bytes:
    """Octet counting: RFC 5425 section 4.3."""
    octets = message.encode()
    return b"%d %b" % (len(octets), octets)
