"""An entry in the audit log for every request about a patient, before the first byte of its answer leaves.

Most routes write an entry of their own, in the transaction of what they do. Where a route has written none,
this does: `viewed` for what was read, `searched` for a list that was filtered, `changed` for the rest, and
`refused` for what somebody signed in was denied, also where the answer is 404. So a route that nobody thought
of is in the log. Which routes are left out, and why, is a table.

Where the entry cannot be written, the answer is 503 and not the patient's data.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from storage import audit_log
from storage.database import utc_now
from teleconsult.errors import AuditStoreAway
from teleconsult.problems import as_response

OWN = "the user's own account, sign-in and devices: identity writes the entries"
STAFF = "about staff, institutions and machines: the route writes what changes"
PLAIN = "the same for everybody: no patient is in it"
LINE = "the state of a line or a room, not of a patient"
INBOX = "the user's own inbox: names a consult, never a patient"
ARRIVING = "pieces of files on their way in: an entry for each study is written when it is kept"
OWN_MARK = "remembers where the user was; what was looked at has its entry"

# By the template of a path; a row ending in * stands for all that begin so.
NOT_ABOUT_PATIENTS: Final[Mapping[str, str]] = {
    "/api/session*": OWN,
    "/api/security*": OWN,
    "/api/me": OWN,
    "/api/members*": STAFF,
    "/api/agreements*": STAFF,
    "/api/archives": STAFF,
    "/api/archives/{archive_id}": STAFF,
    "/api/archives/{archive_id}/test": STAFF,
    "/api/dicom-peers*": STAFF,
    "/api/models*": STAFF,
    "/api/report-cards": STAFF,
    "/api/report-templates*": PLAIN,
    "/api/specialists": STAFF,
    "/api/calendar/availability": STAFF,
    "/api/calendar/feed": STAFF,
    "/api/critical-results/categories": PLAIN,
    "/api/history-items": PLAIN,
    "/api/clock": PLAIN,
    "/api/health": PLAIN,
    "/api/openapi.json": PLAIN,
    "/api/line-check": LINE,
    "/api/notifications*": INBOX,
    "/api/reminders*": INBOX,
    "/api/rings": INBOX,
    "/api/emergency-accesses/own": INBOX,
    "/api/worklist/choices": PLAIN,
    "/api/worklist/views*": OWN_MARK,
    "/api/worklist/studies/{study_instance_uid}/read": OWN_MARK,
    "/api/consults/{consult_id}/chat/read": OWN_MARK,
    "/api/consults/{consult_id}/relay": LINE,
    "/api/consults/{consult_id}/ringing": LINE,
    "/api/consults/{consult_id}/calls/{call_id}": LINE,
    "/api/patient-link/relay": LINE,
    "/api/patient-link/presence": LINE,
    "/api/uploads*": ARRIVING,
}
# What goes on while the log cannot be written: whether we are well, and signing out.
OPEN_WHILE_SHUT = ("/api/health", "/api/session", "/api/clock", "/api/line-check")
DATA_PATHS = ("/api/", "/dicom-web/")
PAGING = frozenset({"cursor", "after", "before", "limit", "offset", "page", "sort", "order"})
IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
BY_LINK = "by-link"  # the actor of a request whose address is its key
REFUSED = frozenset({403, 404})


def is_about_patients(path_template: str) -> bool:
    return not any(
        path_template.startswith(row[:-1]) if row.endswith("*") else path_template == row
        for row in NOT_ABOUT_PATIENTS
    )


def subject_of(path_template: str, values: Mapping[str, Any]) -> str:
    """Study or consult where the path names one, else what stands first in it; never free text."""
    named = {name: str(value) for name, value in values.items() if IDENTIFIER.fullmatch(str(value))}
    for name in ("study_instance_uid", "study", "consult_id", *named):
        if name in named:
            kind = "study" if name.startswith("study") else name.removesuffix("_id")
            return f"{kind}/{named[name]}"[:200]
    return path_template.removeprefix("/api/").strip("/").split("/")[0][:200]


class AuditTrail:
    """Plain ASGI: it may hold back the first message of an answer, and touches no other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(DATA_PATHS):
            await self._app(scope, receive, send)
            return
        watch = scope["app"].state.parts.audit_store
        request = Request(scope, receive)
        if watch.is_shut and not scope["path"].startswith(OPEN_WHILE_SHUT):
            await as_response(request, AuditStoreAway())(scope, receive, send)
            return
        is_begun = is_replaced = False

        async def send_once_written(message: Message) -> None:
            nonlocal is_begun, is_replaced
            if message["type"] == "http.response.start" and not is_begun:
                is_begun = True
                is_replaced = not await _is_kept(request, message["status"], noticed.actions)
                if is_replaced:
                    await as_response(request, AuditStoreAway())(scope, receive, send)
            if not is_replaced:
                await send(message)

        with audit_log.noticing(address=request.client.host if request.client else "") as noticed:
            await self._app(scope, receive, send_once_written)


async def _is_kept(request: Request, status: int, written: list[str]) -> bool:
    """Whether what the log has to say of this request stands in it."""
    if status >= 500:
        # Its own entry may be what could not be written: then that is what we say.
        return bool(await run_in_threadpool(request.app.state.parts.audit_store.look, utc_now()))
    entry = _entry(request, status) if not written or status in REFUSED else None
    if entry is None:
        return True
    parts = request.app.state.parts
    if entry["action"] != "changed" and parts.viewings.is_noted(**entry):
        return True
    # Not a quick look: it waits for the disk.
    return await run_in_threadpool(_is_written, parts, entry)


def _is_written(parts: Any, entry: dict[str, Any]) -> bool:
    now = utc_now()
    try:
        parts.viewings.note(
            parts.database, at=now, is_each_written=entry["action"] == "changed", **entry
        )
    except SQLAlchemyError as error:
        parts.audit_store.shut(now, error)
        return False
    return True


def _entry(request: Request, status: int) -> dict[str, Any] | None:
    """As `RecentViewings.note` takes it; None: nothing to say."""
    route = request.scope.get("route")
    template = getattr(route, "path", None)
    if template is None or not is_about_patients(template):
        return None
    user_id = request.scope.get("teleconsult.user_id")

    def says(action: str, asked: str = "", **more: Any) -> dict[str, Any]:
        return {
            "actor": BY_LINK if user_id is None else user_id,
            "action": action,
            "subject": subject_of(template, request.path_params),
            "details": {"what": getattr(route, "name", ""), **more},
            "asked": asked,
        }

    if status in REFUSED:
        return None if user_id is None else says("refused", status=status)
    if status >= 400:
        return None
    if request.method not in ("GET", "HEAD"):
        return says("changed")
    fields = sorted({name for name in request.query_params if name not in PAGING and len(name) <= 40})
    if not fields:
        return says("viewed")
    return says("searched", str(sorted(request.query_params.multi_items())), fields=fields)
