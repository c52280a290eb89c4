"""A receiver of syslog over TLS (RFC 5425) in a process of its own, which can be killed.

    python -m tests.syslog_server PORT FOLDER DIES_AFTER

FOLDER has certificate.pem and key.pem; with `client_ca.pem` a sender must show a certificate. Each message is
a line of messages.jsonl there. DIES_AFTER: it kills itself once it has written so many; 0: never.
"""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.installation_server import wait_until

CHUNK = 16_384
SEQUENCE = re.compile(r'\[meta sequenceId="(\d+)"\]')
SHA256 = re.compile(r'type="sha256" value="([^"]+)"')


@dataclass
class SyslogServer:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self, dies_after: int = 0) -> "SyslogServer":
        command = [sys.executable, "-m", "tests.syslog_server", str(self.port), str(self.folder)]
        self.process = subprocess.Popen([*command, str(dies_after)])
        wait_until(self._listens, "the receiver listens")
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def received(self) -> list[tuple[int, str]]:
        """Number and hash of each entry, as they came."""
        file = self.folder / "messages.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [_number_and_hash(json.loads(line)) for line in lines]


def _number_and_hash(message: str) -> tuple[int, str]:
    number, digest = SEQUENCE.search(message), SHA256.search(message)
    assert number and digest, message
    return int(number[1]), digest[1]


def serve(port: int, folder: Path, dies_after: int) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    if (client_ca := folder / "client_ca.pem").exists():
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    count = 0
    with socket.create_server(("127.0.0.1", port)) as server, (folder / "messages.jsonl").open("a") as kept:
        while True:
            plain, _ = server.accept()
            try:
                with context.wrap_socket(plain, server_side=True) as tls:
                    buffer = b""
                    while chunk := tls.recv(CHUNK):
                        buffer += chunk
                        while (frame := re.match(rb"(\d+) ", buffer)) and len(buffer) >= (
                            end := frame.end() + int(frame[1])
                        ):
                            message, buffer = buffer[frame.end() : end], buffer[end:]
                            print(json.dumps(message.decode()), file=kept, flush=True)
                            count += 1
                            if count == dies_after:
                                os.kill(os.getpid(), signal.SIGKILL)
                    tls.unwrap()
            except OSError:  # a stranger, or a sender that is gone
                continue


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
