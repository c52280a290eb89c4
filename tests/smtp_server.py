"""A real mail server for tests: RFC 5321 with STARTTLS and LOGIN, over sockets. It keeps what it takes."""

import base64
import email
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

from tests.own_certificate import own_certificate


@dataclass
class SmtpServer:
    """
    Attributes:
        refuses: a code with which every recipient is refused, such as 550 or 451.
    """

    port: int
    certificate: Path
    username: str
    password: str
    refuses: int | None = None
    received: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    timeout = 30
    kept: SmtpServer
    context: ssl.SSLContext

    def handle(self) -> None:
        encrypted = False
        self._say("220 mail.example ESMTP")
        while line := self.rfile.readline().decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["mail.example", "AUTH PLAIN" if encrypted else "STARTTLS", "8BITMIME", "SMTPUTF8"]
                for offer in offers[:-1]:
                    self._say(f"250-{offer}")
                self._say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                self._say("220 go ahead")
                self.connection = self.context.wrap_socket(self.connection, server_side=True)
                self.rfile = self.connection.makefile("rb")
                encrypted = True
            elif verb == "AUTH":
                _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                self.kept.logins.append((user, password))
                right = (user, password) == (self.kept.username, self.kept.password)
                self._say("235 welcome" if right else "535 who are you")
            elif verb == "RCPT" and self.kept.refuses:
                self._say(f"{self.kept.refuses} not here")
            elif verb in ("MAIL", "RCPT", "RSET", "NOOP"):
                self._say("250 fine")
            elif verb == "DATA":
                self._say("354 go on")
                lines = []
                while (part := self.rfile.readline()) != b".\r\n":
                    lines.append(part.removeprefix(b".") if part.startswith(b"..") else part)
                message = email.message_from_bytes(b"".join(lines), policy=default)
                self.kept.received.append(cast(EmailMessage, message))
                self.kept.was_encrypted.append(encrypted)
                self._say("250 kept")
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("502 what")

    def _say(self, line: str) -> None:
        self.connection.sendall(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not believe the certificate hangs up; that is its right."""


@contextmanager
def smtp_server(folder: Path) -> Iterator[SmtpServer]:
    certificate, key = own_certificate(folder, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    kept = SmtpServer(0, certificate, "teleconsult", "a mail password")
    session = type("Session", (_Session,), {"kept": kept, "context": context})
    with _Server(("127.0.0.1", 0), session) as server:
        kept.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield kept
        server.shutdown()
