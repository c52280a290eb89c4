"""Annotated aliases for routes: what a route may ask for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Cookie, Depends, Header
from starlette.requests import HTTPConnection

from imaging.pacs import PacsClient
from inference.model_registry import ModelRegistry
from inference.repository import JobRepository
from signaling.room_registry import PlacedRooms
from storage.database import Database, utc_now
from storage.events import Publish
from storage.object_store import ObjectStore
from teleconsult import access
from teleconsult.consults.repository import ConsultRepository
from teleconsult.errors import ForgedRequest, NotAllowed, PasswordChangeRequired
from teleconsult.findings.repository import FindingRepository
from teleconsult.notifications.notification import Channel
from teleconsult.notifications.repository import NotificationRepository
from teleconsult.notifications.sending import Sender
from teleconsult.reports.pades import PdfSeal
from teleconsult.reports.repository import ReportRepository
from teleconsult.reports.template_repository import TemplateRepository
from teleconsult.settings import Settings
from teleconsult.studies.repository import StudyRepository
from teleconsult.uploads.repository import UploadRepository
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import User
from teleconsult.viewings import RecentViewings

SESSION_COOKIE = "teleconsult_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class PartsOfApp:
    """The adapters and repositories that the composition root made."""

    settings: Settings
    database: Database
    pacs: PacsClient
    objects: ObjectStore
    publish: Publish
    rooms: PlacedRooms
    jobs: JobRepository
    models: ModelRegistry
    users: UserRepository
    studies: StudyRepository
    uploads: UploadRepository
    findings: FindingRepository
    consults: ConsultRepository
    reports: ReportRepository
    templates: TemplateRepository
    notifications: NotificationRepository
    senders: Mapping[Channel, Sender]
    viewings: RecentViewings = field(default_factory=RecentViewings)


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


Seal = Annotated[PdfSeal, Depends(_seal)]
Parts = Annotated[PartsOfApp, Depends(_parts)]
Now = Annotated[datetime, Depends(_now)]
SessionToken = Annotated[str | None, Cookie(alias=SESSION_COOKIE)]


async def our_page(connection: HTTPConnection, x_teleconsult: Annotated[str | None, Header()] = None) -> None:
    """A header that another site's form cannot set without asking first; and CORS is never granted."""
    changes = connection.scope["type"] == "http" and connection.scope["method"] not in SAFE_METHODS
    if changes and x_teleconsult is None:
        raise ForgedRequest


def signed_in(parts: Parts, now: Now, token: SessionToken = None) -> User:
    return parts.users.of_session(token, now)


SignedIn = Annotated[User, Depends(signed_in)]


async def current_user(user: SignedIn) -> User:
    if user.must_change_password:
        raise PasswordChangeRequired
    return user


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
ReportCardReader = Annotated[User, Depends(who(access.may_read_report_cards))]
ModelManager = Annotated[User, Depends(who(access.may_manage_models))]
