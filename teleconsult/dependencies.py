"""Annotated aliases for routes: what a route may ask for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Cookie, Depends, Header
from starlette.requests import HTTPConnection

from imaging.pacs import PacsClient
from inference.model_registry import ModelRegistry
from inference.repository import JobRepository
from signaling.room_registry import PlacedRooms
from storage.audit_checkpoints import Checkpoints
from storage.database import Database, utc_now
from storage.events import Publish
from storage.key_ring import KeyRing
from storage.object_store import ObjectStore
from teleconsult import access
from teleconsult.audit.store_watch import AuditStoreWatch
from teleconsult.consults.repository import ConsultRepository
from teleconsult.errors import (
    ForgedRequest,
    NotAllowed,
    PasswordChangeRequired,
    SecondFactorRequired,
    StepUpNeeded,
    TooManyRequests,
)
from teleconsult.findings.repository import FindingRepository
from teleconsult.identity.identity import Identity
from teleconsult.identity.oidc_sign_in import OidcSignIn
from teleconsult.identity.passkey import Site
from teleconsult.identity.sessions import Device, Session
from teleconsult.notifications.notification import Channel
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.notifications.sending import Sender
from teleconsult.patient_links.link_rate import LinkRate
from teleconsult.quick_look import SharedLooks
from teleconsult.reports.pades import PdfSeal
from teleconsult.reports.repository import ReportRepository
from teleconsult.reports.template_repository import TemplateRepository
from teleconsult.request_rate import RequestRate
from teleconsult.settings import Settings
from teleconsult.studies.repository import StudyRepository
from teleconsult.uploads.repository import UploadRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import User
from teleconsult.viewings import RecentViewings

SESSION_COOKIE = "teleconsult_session"
TLS_SESSION_COOKIE = f"__Host-{SESSION_COOKIE}"  # RFC 6265bis 4.1.3.2: no other host may set it
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class PartsOfApp:
    """The adapters and repositories that the composition root made."""

    settings: Settings
    database: Database
    pacs: PacsClient
    objects: ObjectStore
    keys: KeyRing | None  # None: this installation has no secret to encrypt with
    publish: Publish
    rooms: PlacedRooms
    jobs: JobRepository
    models: ModelRegistry
    users: UserRepository
    identity: Identity
    oidc: OidcSignIn
    studies: StudyRepository
    uploads: UploadRepository
    findings: FindingRepository
    consults: ConsultRepository
    reports: ReportRepository
    templates: TemplateRepository
    notifications: NotificationRepository
    senders: Mapping[Channel, Sender]
    audit_store: AuditStoreWatch
    rate: RequestRate
    link_rate: LinkRate = field(default_factory=LinkRate)
    viewings: RecentViewings = field(default_factory=RecentViewings)
    session_looks: SharedLooks[Session] = field(default_factory=SharedLooks)


def parts_of(connection: HTTPConnection) -> PartsOfApp:
    parts: PartsOfApp = connection.app.state.parts
    return parts


# Asynchronous, so that asking for them costs no hop to a thread.
async def _parts(connection: HTTPConnection) -> PartsOfApp:
    return parts_of(connection)


async def _now() -> datetime:
    return utc_now()


async def _seal(connection: HTTPConnection) -> PdfSeal:
    seal: PdfSeal = connection.app.state.seal
    return seal


async def _checkpoints(connection: HTTPConnection) -> Checkpoints:
    checkpoints: Checkpoints = connection.app.state.checkpoints
    return checkpoints


AuditCheckpoints = Annotated[Checkpoints, Depends(_checkpoints)]
Seal = Annotated[PdfSeal, Depends(_seal)]
Parts = Annotated[PartsOfApp, Depends(_parts)]
Now = Annotated[datetime, Depends(_now)]


def session_cookie(settings: Settings) -> str:
    return TLS_SESSION_COOKIE if settings.secure_cookies else SESSION_COOKIE


async def _session_token(
    connection: HTTPConnection,
    parts: Parts,
    plain: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None,
) -> str | None:
    return connection.cookies.get(session_cookie(parts.settings)) if parts.settings.secure_cookies else plain


SessionToken = Annotated[str | None, Depends(_session_token)]


def is_own_origin(connection: HTTPConnection, settings: Settings) -> bool:
    """Whether the page that asks is ours."""
    origin = connection.headers.get("origin", "")
    return urlsplit(origin).netloc == connection.headers.get("host") or origin in settings.public_origins


async def our_page(connection: HTTPConnection, x_teleconsult: Annotated[str | None, Header()] = None) -> None:
    """For everything that changes something: it must come from our page.

    A header says so that another site's form cannot set without asking first, and CORS is never granted;
    and browsers say where a request comes from (Origin, Sec-Fetch-Site). Programs say neither.
    """
    if connection.scope["type"] != "http" or connection.scope["method"] in SAFE_METHODS:
        return
    from_elsewhere = connection.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    names_other = "origin" in connection.headers and not is_own_origin(
        connection, parts_of(connection).settings
    )
    if x_teleconsult is None or from_elsewhere or names_other:
        raise ForgedRequest


async def _device(connection: HTTPConnection) -> Device:
    address = connection.client.host if connection.client else ""
    return Device(address, connection.headers.get("user-agent", ""))


async def _site(connection: HTTPConnection) -> Site:
    """The page's own address: `our_page` has refused every other origin."""
    origin = connection.headers.get("origin") or f"http://{connection.headers.get('host', '')}"
    return Site(origin, urlsplit(origin).hostname or "")


UserDevice = Annotated[Device, Depends(_device)]
PageSite = Annotated[Site, Depends(_site)]


async def current_session(
    connection: HTTPConnection, parts: Parts, now: Now, token: SessionToken = None
) -> Session:
    session = await parts.session_looks.ask(token, parts.identity.session, token, now)
    connection.scope["teleconsult.user_id"] = session.user.id  # for the audit trail, which is outside
    if wait_s := parts.rate.wait_s(session.user.id, connection.url.path):
        raise TooManyRequests(wait_s)
    return session


CurrentSession = Annotated[Session, Depends(current_session)]


async def own_account(session: CurrentSession) -> Session:
    """For a user's own security, which may be what is still to be set up."""
    if session.user.must_change_password:
        raise PasswordChangeRequired
    return session


OwnAccount = Annotated[Session, Depends(own_account)]


async def current_user(session: OwnAccount) -> User:
    if session.must_set_up_second_factor:
        raise SecondFactorRequired
    return session.user


async def fresh(session: CurrentSession, parts: Parts, now: Now) -> None:
    """For steps that an open page alone must not take: who it is was proved a short while ago."""
    if not session.is_fresh(now, parts.settings.step_up_minutes):
        raise StepUpNeeded


FRESH = Depends(fresh)
CurrentUser = Annotated[User, Depends(current_user)]


def who(may: Callable[[User], bool]) -> Callable[[User], Awaitable[User]]:
    """The dependency that lets in whom a row of `access` allows; others are told that their role does not."""

    async def allowed(user: CurrentUser) -> User:
        if not may(user):
            raise NotAllowed
        return user

    return allowed


DeviceManager = Annotated[User, Depends(who(access.may_manage_devices))]
AgreementReader = Annotated[User, Depends(who(access.may_see_agreements))]
TemplateReader = Annotated[User, Depends(who(access.may_see_report_templates))]
InstitutionManager = Annotated[User, Depends(who(access.may_manage_institution))]
EmergencyUser = Annotated[User, Depends(who(access.may_open_in_emergency))]
PrivacyOfficer = Annotated[User, Depends(who(access.may_read_audit_log))]
ReportCardReader = Annotated[User, Depends(who(access.may_read_report_cards))]
ModelManager = Annotated[User, Depends(who(access.may_manage_models))]
