"""What the app and the gateway count while they work. What is read at each scrape is in state_metrics.py."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.metrics import Counter, Gauge, Histogram, Registry

HTTP_REQUESTS = Counter(
    "teleconsult_http_requests_total", "Answered requests.", ("method", "route", "status")
)
HTTP_SECONDS = Histogram(
    "teleconsult_http_request_duration_seconds", "Until the answer begins.", ("method", "route")
)
HTTP_OPEN = Gauge("teleconsult_http_requests_in_progress", "Requests that are not answered to their end.")
RECEIVED = Counter(
    "teleconsult_received_files_total",
    "Files that were sent to us, by what became of them: stored, refused, quarantined.",
    ("verdict",),
)
BACKGROUND_FAILURES = Counter(
    "teleconsult_background_failures_total", "Rounds of background work that ended in an error."
)
REJECTED_CALLERS = Counter(
    "teleconsult_dicom_rejected_callers_total", "DICOM associations of callers whom nobody has let in."
)

APP = Registry()
APP.add(HTTP_REQUESTS, HTTP_SECONDS, HTTP_OPEN, RECEIVED, BACKGROUND_FAILURES)
GATEWAY = Registry()
GATEWAY.add(RECEIVED, REJECTED_CALLERS)

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
NO_ROUTE = "none"


class CountRequests:
    """Plain ASGI. A label is the route's template, never the path: that has identifiers in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        method = scope["method"] if scope["method"] in METHODS else "other"
        status, seconds = 500, None  # what the outermost layer answers to an error that nobody handled

        async def send_counted(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], time.monotonic() - started
            await send(message)

        HTTP_OPEN.add(1)
        try:
            await self._app(scope, receive, send_counted)
        finally:
            HTTP_OPEN.add(-1)
            route = getattr(scope.get("route"), "path", NO_ROUTE)
            HTTP_REQUESTS.add(method=method, route=route, status=str(status))
            HTTP_SECONDS.observe(
                time.monotonic() - started if seconds is None else seconds, method=method, route=route
            )
