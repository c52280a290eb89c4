"""Where Prometheus reads the metrics of a process: a port of its own, which strangers do not reach.

| variable | meaning |
|---|---|
| TELECONSULT_METRICS_PORT | where to answer GET /metrics; nowhere, if it is not set |
| TELECONSULT_METRICS_HOST | at which address; 127.0.0.1 |
| TELECONSULT_METRICS_TOKEN_FILE | the bearer token that a scrape must bring; needed beyond this machine |
"""

import hmac
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from socketserver import ThreadingTCPServer

from telemetry.errors import TelemetryUnclear
from telemetry.metrics import CONTENT_TYPE, Registry

MIN_TOKEN_CHARACTERS = 16
SCRAPER_TIMEOUT_S = 5.0
log = logging.getLogger(__name__)


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@dataclass(frozen=True, slots=True)
class Exposition:
    """Where and to whom metrics are shown."""

    host: str
    port: int
    token: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Exposition | None":
        """None: nobody asked for metrics. Raises TelemetryUnclear."""
        text = environment.get("TELECONSULT_METRICS_PORT", "").strip()
        if not text:
            return None
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise TelemetryUnclear("TELECONSULT_METRICS_PORT is no port")
        host = environment.get("TELECONSULT_METRICS_HOST") or "127.0.0.1"
        file = environment.get("TELECONSULT_METRICS_TOKEN_FILE")
        try:
            is_loopback = ip_address(host).is_loopback
            token = Path(file).read_text().strip() if file else None
        except (OSError, ValueError) as error:
            raise TelemetryUnclear(f"TELECONSULT_METRICS_HOST or _TOKEN_FILE: {error}") from error
        if token is not None and len(token) < MIN_TOKEN_CHARACTERS:
            raise TelemetryUnclear(f"the metrics token needs at least {MIN_TOKEN_CHARACTERS} characters")
        if token is None and not is_loopback:
            raise TelemetryUnclear("metrics beyond this machine need TELECONSULT_METRICS_TOKEN_FILE")
        return cls(host, int(text), token)

    def serve(self, registry: Registry) -> ThreadingTCPServer | None:
        """Answer in a thread until the process ends. None: the port is taken; work goes on without."""
        exposition = self

        class Scrape(BaseHTTPRequestHandler):
            timeout = SCRAPER_TIMEOUT_S

            def do_GET(self) -> None:
                if not exposition.lets_in(self.headers.get("Authorization", "")):
                    self._answer(HTTPStatus.UNAUTHORIZED, b"", "text/plain")
                elif self.path != "/metrics":
                    self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
                else:
                    self._answer(HTTPStatus.OK, registry.render().encode(), CONTENT_TYPE)

            def _answer(self, status: HTTPStatus, content: bytes, content_type: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """A scrape each few seconds is no news."""

        try:
            server = _Server((self.host, self.port), Scrape)
        except OSError as error:
            log.error("metrics-port-not-opened host=%s port=%d: %s", self.host, self.port, error)
            return None
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        return server

    def lets_in(self, authorization: str) -> bool:
        if self.token is None:
            return True
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.token}".encode())
